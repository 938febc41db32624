public import Wire

/// Removes the tags of the given keys from a stream or consumer, as far as it has them.
///
/// Errors: as RemoveTagsFromStream, and Validation, InternalFailure.
public enum UntagResource {
    static let shape = Structure("UntagResourceInput", [.tagKeys, .resourceARN, .streamID])

    public struct Input: Sendable {
        public var resource: ResourceARN
        public var keys: [String]
    }

    /// Reads a request; its output is empty.
    public static func decode(
        _ body: [UInt8], _ encoding: Encoding
    ) throws(ServiceError) -> Input {
        let fields = try ShapeDecoder.decode(body, encoding, as: shape)
        return Input(resource: try ResourceARN(fields), keys: try checkedTagKeys(in: fields))
    }
}
