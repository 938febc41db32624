public import Wire

/// Changes what data and key of a record may have together. What is stored stays.
///
/// Errors: ResourceInUse (the stream is not ACTIVE), ResourceNotFound, LimitExceeded,
/// InvalidArgument, AccessDenied, Validation.
public enum UpdateMaxRecordSize {
    static let shape = Structure(
        "UpdateMaxRecordSizeInput",
        [
            .streamARN(),
            .streamID,
            .integer("MaxRecordSizeInKiB", minimum: 1024, maximum: 10_240, required: true),
        ])

    public struct Input: Sendable {
        public var stream: StreamARN
        /// 1024 to 10240.
        public var maxRecordKiB: Int
    }

    /// Reads a request; its output is empty. A stream can only be named by its ARN.
    public static func decode(
        _ body: [UInt8], _ encoding: Encoding
    ) throws(ServiceError) -> Input {
        let fields = try ShapeDecoder.decode(body, encoding, as: shape)
        guard let stream = try streamARN(in: fields) else { throw .streamNotNamed }
        return Input(
            stream: stream, maxRecordKiB: fields.requiredInteger("MaxRecordSizeInKiB"))
    }
}
