/// Makes one event-stream message in one buffer, with its payload written where it stays.
///
/// The builder starts with room for the lengths and with the headers; the payload is appended to
/// ``frame``; ``finish()`` then fills in the lengths and both checksums.
public struct EventStreamBuilder: Sendable {
    /// The message so far. Append the payload's bytes to it; those already there stay as they are.
    public var frame: [UInt8]

    private let payloadOffset: Int

    /// Begins an event with a JSON payload.
    ///
    /// - Parameters:
    ///   - eventType: The value of `:event-type`, such as `SubscribeToShardEvent`.
    ///   - capacity: How many bytes the payload is expected to have, to reserve them at once.
    public init(eventType: String, capacity: Int) {
        self.init(
            (":event-type", eventType), (":content-type", EventStream.payloadType),
            (":message-type", "event"), capacity: capacity)
    }

    /// Begins a message with three string headers: what Kinesis has, and the only type of header
    /// that its clients take.
    init(
        _ first: (name: String, value: String), _ second: (name: String, value: String),
        _ third: (name: String, value: String), capacity: Int
    ) {
        var frame: [UInt8] = []
        // The three headers of an event have 101 bytes.
        frame.reserveCapacity(EventStreamLimits.overheadBytes + 128 + capacity)
        frame.append(contentsOf: repeatElement(0, count: EventStreamLimits.preludeBytes))
        Self.append(first, to: &frame)
        Self.append(second, to: &frame)
        Self.append(third, to: &frame)
        payloadOffset = frame.count
        self.frame = frame
    }

    private static func append(
        _ header: (name: String, value: String), to frame: inout [UInt8]
    ) {
        let value = cut(header.value, at: EventStreamLimits.errorTextBytes)
        frame.append(UInt8(header.name.utf8.count))
        frame.append(contentsOf: header.name.utf8)
        frame.append(EventStreamHeader.stringType)
        frame.appendBigEndian(UInt16(value.utf8.count))
        frame.append(contentsOf: value.utf8)
    }

    /// How many bytes the payload has so far.
    public var payloadCount: Int {
        frame.count - payloadOffset
    }

    /// Lends the frame to a writer that owns its buffer, without a copy; give what the writer
    /// made of it to ``finish(_:)``.
    public mutating func takeFrame() -> [UInt8] {
        var taken: [UInt8] = []
        swap(&taken, &frame)
        return taken
    }

    /// Completes the message whose frame was taken and written to.
    public mutating func finish(_ frame: consuming [UInt8]) -> [UInt8] {
        self.frame = frame
        return finish()
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
