public import Wire

/// Shows all tags of a stream or consumer in byte order of their keys.
///
/// Errors: ResourceNotFound, ResourceInUse, InvalidArgument, LimitExceeded, AccessDenied, Validation,
/// InternalFailure.
public enum ListTagsForResource {
    static let shape = Structure("ListTagsForResourceInput", [.resourceARN, .streamID])

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
        public var tags: [ResourceTag]

        public init(tags: [ResourceTag]) { self.tags = tags }

        public func encoded(_ encoding: Encoding) -> [UInt8] {
            var writer = ResponseWriter(encoding, capacity: 32 + 64 * tags.count)
            writer.beginStructure()
            writer.member("Tags", tags: tags)
            writer.endStructure()
            return writer.finish()
        }
    }
}
