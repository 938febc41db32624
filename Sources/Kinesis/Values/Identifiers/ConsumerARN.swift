/// The name of a registered consumer: `<stream's ARN>/consumer/NAME:<second of its creation>`.
///
/// A consumer that is registered again has another ARN, even under the same name.
public struct ConsumerARN: Sendable, Hashable, CustomStringConvertible {
    /// The stream that the consumer reads.
    public let stream: StreamARN
    /// The consumer's name, unique within its stream.
    public let name: String
    /// The second at which it was registered, counted from 1970.
    public let createdSecond: UInt64

    /// The ARN of a consumer of ours.
    public init(stream: StreamARN, name: String, createdSecond: UInt64) {
        self.stream = stream
        self.name = name
        self.createdSecond = createdSecond
    }

    /// Reads an ARN, or returns nil if it cannot be that of a consumer.
    ///
    /// This is narrower than ``matchesPattern(_:)``: every part must have the form that such parts
    /// have, and the second no leading zero, so that printing gives the same text again.
    public init?(utf8 text: Span<UInt8>) {
        var fields = ARNFields(text)
        guard let prefix = StreamARN(takenFrom: &fields),
            let streamName = fields.next(upTo: UInt8(ascii: "/")), isName(streamName),
            fields.skip("consumer/"),
            let name = fields.next(), isName(name),
            let createdSecond = decimalNumber(fields.rest),
            fields.rest.count == 1 || fields.rest[0] != UInt8(ascii: "0")
        else { return nil }
        self.init(
            stream: StreamARN(
                partition: prefix.partition, region: prefix.region, account: prefix.account,
                name: String(decodingASCII: streamName)),
            name: String(decodingASCII: name), createdSecond: createdSecond)
    }

    /// Reads an ARN, or returns nil if it cannot be that of a consumer.
    public init?(_ text: String) {
        self.init(utf8: text.utf8.span)
    }

    /// The text of the ARN.
    public var description: String {
        "\(stream)/consumer/\(name):\(createdSecond)"
    }
}
