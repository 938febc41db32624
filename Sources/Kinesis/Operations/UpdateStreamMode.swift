public import Wire

/// Changes who decides how many shards a stream has. The shards stay.
///
/// Errors: InvalidArgument, LimitExceeded, ResourceInUse (the stream is not ACTIVE),
/// ResourceNotFound, Validation (warm throughput).
public enum UpdateStreamMode {
    static let shape = Structure(
        "UpdateStreamModeInput",
        [
            .streamARN(required: true),
            .streamID,
            .structure("StreamModeDetails", CreateStream.mode, required: true),
            .warmThroughput(),
        ])

    public struct Input: Sendable {
        public var stream: StreamARN
        public var mode: StreamMode
        /// Write throughput that an on-demand stream shall be ready for, MiB a second; nil for none.
        public var warmMiBps: Int?
    }

    /// Reads a request; its output is empty.
    public static func decode(
        _ body: [UInt8], _ encoding: Encoding
    ) throws(ServiceError) -> Input {
        let fields = try ShapeDecoder.decode(body, encoding, as: shape)
        let stated = fields.structure("StreamModeDetails")?.requiredText("StreamMode")
        guard let mode = stated.flatMap(StreamMode.init(rawValue:)) else {
            preconditionFailure("a mode passed validation that is none")
        }
        return Input(
            stream: try requiredStreamARN(in: fields), mode: mode,
            warmMiBps: fields.integer("WarmThroughputMiBps").flatMap { $0 > 0 ? $0 : nil })
    }
}
