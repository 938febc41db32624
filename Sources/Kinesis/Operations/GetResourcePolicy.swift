public import Wire

/// Shows the resource policy of a stream or a consumer.
///
/// Errors: AccessDenied, ResourceNotFound, LimitExceeded, InvalidArgument, ResourceInUse, Validation,
/// InternalFailure.
public enum GetResourcePolicy {
    static let shape = Structure("GetResourcePolicyInput", [.resourceARN, .streamID])

    public struct Input: Sendable {
        public var resource: ResourceARN
    }

    public static func decode(
        _ body: [UInt8], _ encoding: Encoding
    ) throws(ServiceError) -> Input {
        let fields = try ShapeDecoder.decode(body, encoding, as: shape)
        return Input(resource: try ResourceARN(fields))
    }

    public struct Output: Sendable {
        /// The document as it was put; `{}` if there is none.
        public var policy: String

        public init(policy: String?) { self.policy = policy ?? "{}" }

        public func encoded(_ encoding: Encoding) -> [UInt8] {
            var writer = ResponseWriter(encoding, capacity: 64 + policy.utf8.count)
            writer.beginStructure()
            writer.member("Policy", text: policy)
            writer.endStructure()
            return writer.finish()
        }
    }
}
