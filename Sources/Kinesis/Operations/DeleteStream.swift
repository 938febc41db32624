public import Wire

/// Removes a stream with its records, in whatever state it is.
///
/// Errors: ResourceNotFound, ResourceInUse (it has consumers and the request does not say that they
/// go too), LimitExceeded, InvalidArgument, AccessDenied.
public enum DeleteStream {
    static let shape = Structure(
        "DeleteStreamInput",
        [
            .name("StreamName"),
            .boolean("EnforceConsumerDeletion"),
            .streamARN(),
            .streamID,
        ])

    public struct Input: Sendable {
        public var stream: StreamSelector
        /// Whether the stream's consumers may go with it.
        public var enforceConsumerDeletion: Bool
    }

    /// Reads a request; its output is empty.
    public static func decode(
        _ body: [UInt8], _ encoding: Encoding
    ) throws(ServiceError) -> Input {
        let fields = try ShapeDecoder.decode(body, encoding, as: shape)
        return Input(
            stream: try StreamSelector(fields),
            enforceConsumerDeletion: fields.boolean("EnforceConsumerDeletion") ?? false)
    }
}
