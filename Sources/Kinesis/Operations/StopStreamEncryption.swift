public import Wire

/// Ends the encryption of a stream's records; there is none, so nothing changes.
///
/// Errors: InvalidArgument, LimitExceeded, ResourceInUse (the stream is not ACTIVE),
/// ResourceNotFound, AccessDenied.
public enum StopStreamEncryption {
    static let shape = Structure(
        "StopStreamEncryptionInput",
        [
            .name("StreamName"),
            .choice("EncryptionType", Choice(["NONE", "KMS"]), required: true),
            .text("KeyId", 1...2048, required: true),
            .streamARN(),
            .streamID,
        ])

    public struct Input: Sendable {
        public var stream: StreamSelector
        /// Whether the type is KMS; the other one is NONE.
        public var isKMS: Bool
        public var keyID: String
    }

    /// Reads a request; its output is empty.
    public static func decode(
        _ body: [UInt8], _ encoding: Encoding
    ) throws(ServiceError) -> Input {
        let fields = try ShapeDecoder.decode(body, encoding, as: shape)
        return Input(
            stream: try StreamSelector(fields),
            isKMS: fields.requiredText("EncryptionType") == "KMS",
            keyID: fields.requiredText("KeyId"))
    }
}
