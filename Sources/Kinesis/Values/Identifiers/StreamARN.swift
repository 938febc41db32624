/// The name of a stream among all: `arn:aws:kinesis:REGION:ACCOUNT:stream/NAME`.
public struct StreamARN: Sendable, Hashable, CustomStringConvertible {
    /// `aws`, or the name of another set of regions, such as `aws-cn`.
    public let partition: String
    /// The region, such as `eu-central-1`.
    public let region: String
    /// The account's twelve digits.
    public let account: String
    /// The stream's name, unique within account and region.
    public let name: String

    /// The ARN of a stream of ours.
    public init(partition: String = "aws", region: String, account: String, name: String) {
        self.partition = partition
        self.region = region
        self.account = account
        self.name = name
    }

    /// Reads an ARN, or returns nil if it cannot be that of a stream.
    ///
    /// This is narrower than ``matchesPattern(_:)``: every part must have the form that such parts
    /// have, so that printing gives the same text again.
    public init?(utf8 text: Span<UInt8>) {
        var fields = ARNFields(text)
        guard let parsed = StreamARN(takenFrom: &fields), isName(fields.rest) else { return nil }
        self.init(
            partition: parsed.partition, region: parsed.region, account: parsed.account,
            name: String(decodingASCII: fields.rest))
    }

    /// Reads an ARN, or returns nil if it cannot be that of a stream.
    public init?(_ text: String) {
        self.init(utf8: text.utf8.span)
    }

    /// Takes all that stands before the name, which is left empty.
    init?(takenFrom fields: inout ARNFields) {
        guard fields.skip("arn:"), let partition = fields.next(), isLowercaseWord(partition),
            partition.count >= 3, partition[0] == UInt8(ascii: "a"),
            partition[1] == UInt8(ascii: "w"), partition[2] == UInt8(ascii: "s"),
            fields.skip("kinesis:"),
            let region = fields.next(), isLowercaseWord(region),
            let account = fields.next(), account.count == 12, decimalNumber(account) != nil,
            fields.skip("stream/")
        else { return nil }
        self.init(
            partition: String(decodingASCII: partition), region: String(decodingASCII: region),
            account: String(decodingASCII: account), name: "")
    }

    /// The text of the ARN.
    public var description: String {
        "arn:\(partition):kinesis:\(region):\(account):stream/\(name)"
    }
}
