public import Wire

/// Shortens the time for which a stream keeps its records. What is older expires at once.
/// The present time is accepted too.
///
/// Errors: ResourceInUse (the stream is not ACTIVE), ResourceNotFound, LimitExceeded,
/// InvalidArgument (not 24 to 8760 hours, the wrong direction), AccessDenied.
public enum DecreaseStreamRetentionPeriod {
    static let shape = Structure(
        "DecreaseStreamRetentionPeriodInput",
        [
            .name("StreamName"),
            .integer("RetentionPeriodHours", required: true),
            .streamARN(),
            .streamID,
        ])

    public struct Input: Sendable {
        public var stream: StreamSelector
        /// 24 to 8760.
        public var hours: Int
    }

    /// Reads a request; its output is empty.
    public static func decode(
        _ body: [UInt8], _ encoding: Encoding
    ) throws(ServiceError) -> Input {
        let fields = try ShapeDecoder.decode(body, encoding, as: shape)
        return Input(
            stream: try StreamSelector(fields), hours: try checkedRetentionHours(in: fields))
    }
}
