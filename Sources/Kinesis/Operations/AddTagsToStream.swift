public import Wire

/// Adds tags to a stream, or gives those of the same keys other values.
///
/// Errors: ResourceNotFound, ResourceInUse (the stream is not ACTIVE), InvalidArgument (characters,
/// more than fifty tags), LimitExceeded, AccessDenied.
public enum AddTagsToStream {
    static let shape = Structure(
        "AddTagsToStreamInput",
        [.name("StreamName"), .tags(required: true), .streamARN(), .streamID])

    public struct Input: Sendable {
        public var stream: StreamSelector
        public var tags: [ResourceTag]
    }

    /// Reads a request; its output is empty.
    public static func decode(
        _ body: [UInt8], _ encoding: Encoding
    ) throws(ServiceError) -> Input {
        let fields = try ShapeDecoder.decode(body, encoding, as: shape)
        return Input(stream: try StreamSelector(fields), tags: try checkedTags(in: fields))
    }
}
