public import Wire

/// Says whether a stream's records go to shards by their keys or are spread evenly.
///
/// Errors: ResourceNotFound, InvalidArgument, ResourceInUse (the stream is not ACTIVE),
/// LimitExceeded, AccessDenied, Validation (AUTO for a provisioned stream).
public enum UpdateStreamRecordDistributionStrategy {
    static let shape = Structure(
        "UpdateStreamRecordDistributionStrategyInput",
        [.streamARN(required: true), .streamID, .distributionStrategy(required: true)])

    public struct Input: Sendable {
        public var stream: StreamARN
        public var strategy: RecordDistributionStrategy
    }

    /// Reads a request; its output is empty.
    public static func decode(
        _ body: [UInt8], _ encoding: Encoding
    ) throws(ServiceError) -> Input {
        let fields = try ShapeDecoder.decode(body, encoding, as: shape)
        let stated = fields.requiredText("RecordDistributionStrategy")
        guard let strategy = RecordDistributionStrategy(rawValue: stated) else {
            preconditionFailure("a strategy passed validation that is none")
        }
        return Input(stream: try requiredStreamARN(in: fields), strategy: strategy)
    }
}
