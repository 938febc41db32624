/// Makes one event-stream message in one buffer, with its payload written where it stays.
///
/// The builder starts with room for the lengths and with the headers; the payload is appended to
/// ``frame``; ``finish()`` then fills in the lengths and both checksums.
public struct EventStreamBuilder: Sendable {
    /// The message so far. Append the payload's bytes to it; those already there stay as they are.
    ///
    /// A writer that owns its buffer may take this array, append to it, and put it back.
    public var frame: [UInt8]

    private let payloadOffset: Int

    /// Begins an event with a JSON payload.
    ///
    /// - Parameters:
    ///   - eventType: The value of `:event-type`, such as `SubscribeToShardEvent`.
    ///   - capacity: How many bytes the payload is expected to have, to reserve them at once.
    public init(eventType: StaticString, capacity: Int) {
        self.init(
            headers: [
                (":event-type", eventType.description), (":content-type", EventStream.payloadType),
                (":message-type", "event"),
            ], capacity: capacity)
    }

    /// Begins a message with string headers, the only type of header that Kinesis clients take.
    init(headers: [(name: String, value: String)], capacity: Int) {
        var frame: [UInt8] = []
        let headersCount = headers.reduce(0) { $0 + 4 + $1.name.utf8.count + $1.value.utf8.count }
        frame.reserveCapacity(EventStreamLimits.overheadBytes + headersCount + capacity)
        frame.append(contentsOf: repeatElement(0, count: EventStreamLimits.preludeBytes))
        for (name, value) in headers {
            let value = Self.cut(value, at: EventStreamLimits.errorTextBytes)
            frame.append(UInt8(name.utf8.count))
            frame.append(copying: name.utf8.span)
            frame.append(EventStreamHeader.stringType)
            frame.appendBigEndian(UInt16(value.utf8.count))
            frame.append(copying: value.utf8.span)
        }
        payloadOffset = frame.count
        self.frame = frame
    }

    /// How many bytes the payload has so far.
    public var payloadCount: Int {
        frame.count - payloadOffset
    }

    /// Completes the message and returns it; the builder is empty afterwards.
    public mutating func finish() -> [UInt8] {
        precondition(payloadCount >= 0, "the headers of the message were removed")
        precondition(payloadCount <= EventStreamLimits.payloadBytes, "clients refuse this payload")
        var message: [UInt8] = []
        swap(&message, &frame)
        let prelude = EventStreamLimits.preludeBytes
        let total = message.count + EventStreamLimits.checksumBytes
        message.storeBigEndian(UInt32(total), at: 0)
        message.storeBigEndian(UInt32(payloadOffset - prelude), at: 4)
        message.storeBigEndian(eventStreamChecksum(message.span.extracting(..<8)), at: 8)
        message.appendBigEndian(eventStreamChecksum(message.span))
        return message
    }

    /// The first whole characters of `text` that fit into `limit` bytes.
    private static func cut(_ text: String, at limit: Int) -> String {
        guard text.utf8.count > limit else { return text }
        var kept = String.UnicodeScalarView()
        var count = 0
        for scalar in text.unicodeScalars {
            count += UTF8.width(scalar)
            guard count <= limit else { break }
            kept.append(scalar)
        }
        return String(kept)
    }
}
