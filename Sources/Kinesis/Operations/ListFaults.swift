public import Wire

/// Shows the faults that are in force: an operation of Weir's own.
///
/// Errors: AccessDenied (the server was not started with fault injection).
public enum ListFaults {
    static let shape = Structure("ListFaultsInput", [])

    public struct Input: Sendable {}

    public static func decode(
        _ body: [UInt8], _ encoding: Encoding
    ) throws(ServiceError) -> Input {
        _ = try ShapeDecoder.decode(body, encoding, as: shape)
        return Input()
    }

    public struct Output: Sendable {
        /// In the order in which they were injected.
        public var faults: [InjectedFault]

        public init(faults: [InjectedFault]) {
            self.faults = faults
        }

        public func encoded(_ encoding: Encoding) -> [UInt8] {
            var writer = ResponseWriter(encoding, capacity: 64 + 512 * faults.count)
            writer.beginStructure()
            writer.key("Faults")
            writer.beginList()
            for fault in faults { fault.write(to: &writer) }
            writer.endList()
            writer.endStructure()
            return writer.finish()
        }
    }
}

extension InjectedFault {
    fileprivate func write(to writer: inout ResponseWriter) {
        writer.beginStructure()
        writer.member("FaultId", text: id)
        writer.member("Kind", text: fault.kind.rawValue)
        writer.member("Operation", optional: fault.operation?.name)
        writer.member("StreamName", optional: fault.streamName)
        writer.member("ConsumerName", optional: fault.consumerName)
        if let index = fault.shardIndex { writer.member("ShardId", shard: ShardID(index: index)) }
        writer.member("Percentage", integer: fault.percentage)
        if let times = fault.times { writer.member("Times", integer: times) }
        writer.member("ErrorCode", optional: fault.error?.code.name)
        writer.member("Message", optional: fault.error?.message)
        if let delay = fault.delayMilliseconds {
            writer.member("DelayMilliseconds", integer: delay)
        }
        writer.member("Hits", integer: hits)
        writer.member("InjectedTimestamp", milliseconds: injectedMilliseconds)
        if let end = endMilliseconds { writer.member("EndTimestamp", milliseconds: end) }
        writer.endStructure()
    }
}
