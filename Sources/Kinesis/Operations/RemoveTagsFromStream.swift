public import Wire

/// Removes the tags of the given keys from a stream, as far as it has them.
///
/// Errors: ResourceNotFound, ResourceInUse (the stream is not ACTIVE), InvalidArgument (characters),
/// LimitExceeded, AccessDenied.
public enum RemoveTagsFromStream {
    static let shape = Structure(
        "RemoveTagsFromStreamInput",
        [.name("StreamName"), .tagKeys, .streamARN(), .streamID])

    public struct Input: Sendable {
        public var stream: StreamSelector
        /// Their characters are not checked: the stream is looked up first.
        public var keys: [String]
    }

    /// Reads a request; its output is empty.
    public static func decode(
        _ body: [UInt8], _ encoding: Encoding
    ) throws(ServiceError) -> Input {
        let fields = try ShapeDecoder.decode(body, encoding, as: shape)
        return Input(stream: try StreamSelector(fields), keys: fields.texts("TagKeys"))
    }
}
