public import Wire

/// Adds tags to a stream or consumer, or gives those of the same keys other values.
///
/// Errors: as AddTagsToStream, and Validation, InternalFailure.
public enum TagResource {
    static let shape = Structure(
        "TagResourceInput", [.tags(required: true), .resourceARN, .streamID])

    public struct Input: Sendable {
        public var resource: ResourceARN
        public var tags: [ResourceTag]
    }

    /// Reads a request; its output is empty.
    public static func decode(
        _ body: [UInt8], _ encoding: Encoding
    ) throws(ServiceError) -> Input {
        let fields = try ShapeDecoder.decode(body, encoding, as: shape)
        return Input(resource: try ResourceARN(fields), tags: try checkedTags(in: fields))
    }
}
