import Kinesis

/// What the floor sends for a record: its length, when it was due, and bytes that do not compress.
///
/// The form is that of other floors and load generators of this kind: a length of four bytes, lowest
/// first, and so many bytes of payload, which begins with the time.
struct FloorFrame {
    static let lengthBytes = 4
    static let headerBytes = lengthBytes + 8

    /// The whole frame.
    let bytes: Int
    private var frame: [UInt8]

    /// Frames of `bytes`, at least 64.
    init(bytes: Int) {
        precondition(bytes >= 64, "a frame has room for its header and a record")
        self.bytes = bytes
        var payloads = BenchPayload(bytes: bytes, seed: 1)
        frame = payloads.make(due: 0, number: 0)
        let length = UInt32(bytes - Self.lengthBytes)
        for i in 0..<4 { frame[i] = UInt8(truncatingIfNeeded: length >> (8 * UInt32(i))) }
    }

    /// Appends a frame that was due at `due`.
    mutating func append(due: UInt64, to output: inout [UInt8]) {
        for i in 0..<8 {
            frame[Self.lengthBytes + i] = UInt8(truncatingIfNeeded: due >> (8 * UInt64(i)))
        }
        output += frame
    }

    /// The bytes that a subscriber of Weir gets for a record of `recordBytes` when it has ten to an
    /// event, about as many as at saturation.
    static func bytes(recordBytes: Int) -> Int {
        let records = 10
        var payload = BenchPayload(bytes: recordBytes, seed: 1)
        let number = SequenceNumber(
            shardCreatedSecond: 1_790_000_000, shardIndex: 0, index: 1 << 40, second: 1_790_000_000)
        var event = SubscribeToShard.Event(capacity: records * (2 * recordBytes + 512))
        for i in 0..<records {
            let data = payload.make(due: 0, number: UInt64(i))
            let key = Array(BenchKey.make(UInt64(i)).utf8)
            event.append(
                sequenceNumber: number, arrivalMilliseconds: 1_790_000_000_123,
                partitionKey: key.span, data: data.span)
        }
        return event.finish(.continues(number), millisBehindLatest: 0).count / records
    }
}
