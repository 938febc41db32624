public import Wire

/// Says how much write throughput an on-demand stream shall be ready for.
///
/// Errors: AccessDenied, ResourceNotFound, LimitExceeded, InvalidArgument, ResourceInUse (the stream
/// is not ACTIVE), Validation (provisioned stream, no commitment of the account).
public enum UpdateStreamWarmThroughput {
    static let shape = Structure(
        "UpdateStreamWarmThroughputInput",
        [.streamARN(), .name("StreamName"), .streamID, .warmThroughput(required: true)])

    public struct Input: Sendable {
        public var stream: StreamSelector
        /// MiB a second.
        public var warmMiBps: Int
    }

    public static func decode(
        _ body: [UInt8], _ encoding: Encoding
    ) throws(ServiceError) -> Input {
        let fields = try ShapeDecoder.decode(body, encoding, as: shape)
        return Input(
            stream: try StreamSelector(fields),
            warmMiBps: fields.requiredInteger("WarmThroughputMiBps"))
    }

    public struct Output: Sendable {
        public var stream: StreamARN
        public var throughput: WarmThroughput

        public init(stream: StreamARN, throughput: WarmThroughput) {
            self.stream = stream
            self.throughput = throughput
        }

        public func encoded(_ encoding: Encoding) -> [UInt8] {
            var writer = ResponseWriter(encoding, capacity: 256)
            writer.beginStructure()
            writer.member("StreamARN", text: stream.description)
            writer.member("StreamName", text: stream.name)
            throughput.write(to: &writer)
            writer.endStructure()
            return writer.finish()
        }
    }
}

/// How much write throughput a stream shall be ready for, and is (the model's
/// `WarmThroughputObject`), MiB a second.
public struct WarmThroughput: Sendable {
    public var target: Int
    public var current: Int

    public init(target: Int, current: Int) {
        self.target = target
        self.current = current
    }

    func write(to writer: inout ResponseWriter) {
        writer.key("WarmThroughput")
        writer.beginStructure()
        writer.member("TargetMiBps", integer: target)
        writer.member("CurrentMiBps", integer: current)
        writer.endStructure()
    }
}
