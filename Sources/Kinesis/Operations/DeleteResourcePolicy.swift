public import Wire

/// Removes the resource policy of a stream or a consumer.
///
/// Errors: AccessDenied, ResourceNotFound (also when there is no policy), LimitExceeded,
/// InvalidArgument, ResourceInUse (the stream or consumer is not ACTIVE), Validation,
/// InternalFailure.
public enum DeleteResourcePolicy {
    static let shape = Structure("DeleteResourcePolicyInput", [.resourceARN, .streamID])

    public struct Input: Sendable {
        public var resource: ResourceARN
    }

    /// Reads a request; its output is empty.
    public static func decode(
        _ body: [UInt8], _ encoding: Encoding
    ) throws(ServiceError) -> Input {
        let fields = try ShapeDecoder.decode(body, encoding, as: shape)
        return Input(resource: try ResourceARN(fields))
    }
}
