public import Wire

/// Shows a stream's tags in byte order of their keys, a page at a time.
///
/// Errors: ResourceNotFound, InvalidArgument, LimitExceeded, AccessDenied.
public enum ListTagsForStream {
    static let shape = Structure(
        "ListTagsForStreamInput",
        [
            .name("StreamName"),
            .text("ExclusiveStartTagKey", 1...128),
            .integer("Limit", minimum: 1, maximum: 50),
            .streamARN(),
            .streamID,
        ])

    public struct Input: Sendable {
        public var stream: StreamSelector
        /// Show tags with greater keys than this one, which need not exist.
        public var exclusiveStartKey: String?
        /// How many tags to show at most: 1 to 50, and by default as many.
        public var limit: Int
    }

    public static func decode(
        _ body: [UInt8], _ encoding: Encoding
    ) throws(ServiceError) -> Input {
        let fields = try ShapeDecoder.decode(body, encoding, as: shape)
        return Input(
            stream: try StreamSelector(fields),
            exclusiveStartKey: fields.text("ExclusiveStartTagKey"),
            limit: fields.integer("Limit") ?? 50)
    }

    public struct Output: Sendable {
        public var tags: [ResourceTag]
        public var hasMoreTags: Bool

        public init(tags: [ResourceTag], hasMoreTags: Bool) {
            self.tags = tags
            self.hasMoreTags = hasMoreTags
        }

        public func encoded(_ encoding: Encoding) -> [UInt8] {
            var writer = ResponseWriter(encoding, capacity: 64 + 64 * tags.count)
            writer.beginStructure()
            writer.member("Tags", tags: tags)
            writer.member("HasMoreTags", boolean: hasMoreTags)
            writer.endStructure()
            return writer.finish()
        }
    }
}
