public import Wire

/// Says which other accounts may do what with a stream or a consumer.
///
/// Errors: AccessDenied, ResourceNotFound, LimitExceeded, InvalidArgument (the policy),
/// ResourceInUse (the stream or consumer is not ACTIVE), Validation, InternalFailure.
public enum PutResourcePolicy {
    static let shape = Structure(
        "PutResourcePolicyInput",
        [.resourceARN, .streamID, .text("Policy", required: true)])

    public struct Input: Sendable {
        public var resource: ResourceARN
        /// A document in the policy language, not looked at yet.
        public var policy: String
    }

    /// Reads a request; its output is empty.
    public static func decode(
        _ body: [UInt8], _ encoding: Encoding
    ) throws(ServiceError) -> Input {
        let fields = try ShapeDecoder.decode(body, encoding, as: shape)
        return Input(resource: try ResourceARN(fields), policy: fields.requiredText("Policy"))
    }
}
