public import Wire

/// Changes the number of a stream's open shards to one between half and double the present, by splits
/// and merges that leave equal ranges.
///
/// Errors: InvalidArgument, LimitExceeded (the target, a quota), ResourceInUse (the stream is not
/// ACTIVE), ResourceNotFound, Validation (on-demand stream), AccessDenied.
public enum UpdateShardCount {
    static let shape = Structure(
        "UpdateShardCountInput",
        [
            .name("StreamName"),
            .integer("TargetShardCount", minimum: 1, required: true),
            .choice("ScalingType", Choice(["UNIFORM_SCALING"]), required: true),
            .streamARN(),
            .streamID,
        ])

    public struct Input: Sendable {
        public var stream: StreamSelector
        /// 1 or more.
        public var targetShardCount: Int
    }

    public static func decode(
        _ body: [UInt8], _ encoding: Encoding
    ) throws(ServiceError) -> Input {
        let fields = try ShapeDecoder.decode(body, encoding, as: shape)
        return Input(
            stream: try StreamSelector(fields),
            targetShardCount: fields.requiredInteger("TargetShardCount"))
    }

    public struct Output: Sendable {
        public var stream: StreamARN
        /// Open shards before the call.
        public var currentShardCount: Int
        public var targetShardCount: Int

        public init(stream: StreamARN, currentShardCount: Int, targetShardCount: Int) {
            self.stream = stream
            self.currentShardCount = currentShardCount
            self.targetShardCount = targetShardCount
        }

        public func encoded(_ encoding: Encoding) -> [UInt8] {
            var writer = ResponseWriter(encoding, capacity: 256)
            writer.beginStructure()
            writer.member("StreamName", text: stream.name)
            writer.member("CurrentShardCount", integer: currentShardCount)
            writer.member("TargetShardCount", integer: targetShardCount)
            writer.member("StreamARN", text: stream.description)
            writer.endStructure()
            return writer.finish()
        }
    }
}
