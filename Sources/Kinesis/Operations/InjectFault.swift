public import Wire

/// Lets something go wrong, for the tests of people's own programs: an operation of Weir's own.
///
/// Errors: AccessDenied (the server was not started with fault injection), InvalidArgument (members
/// that do not go together), LimitExceeded (too many faults).
public enum InjectFault {
    static let shape = Structure(
        "InjectFaultInput",
        [
            .choice("Kind", Choice(Fault.Kind.allCases.map(\.rawValue)), required: true),
            .choice("Operation", Choice(KinesisOperation.allCases.map(\.name))),
            .name("StreamName"),
            .name("ConsumerName"),
            .name("ShardId"),
            .integer("Percentage", minimum: 1, maximum: 100),
            .integer("Times", minimum: 1, maximum: 1_000_000_000),
            .integer("DurationSeconds", minimum: 1, maximum: 86_400),
            .choice("ErrorCode", Choice(ErrorCode.allCases.map(\.name))),
            .text("Message", 0...1024),
            .integer("DelayMilliseconds", minimum: 1, maximum: 600_000),
        ])

    public struct Input: Sendable {
        public var fault: Fault
    }

    public static func decode(
        _ body: [UInt8], _ encoding: Encoding
    ) throws(ServiceError) -> Input {
        let fields = try ShapeDecoder.decode(body, encoding, as: shape)
        let name = fields.requiredText("Kind")
        guard let kind = Fault.Kind(rawValue: name) else {
            preconditionFailure("a kind passed validation that is none")
        }
        try checkMembers(of: kind, fields)
        var fault = Fault(kind)
        fault.operation = fields.text("Operation").flatMap { name in
            KinesisOperation.allCases.first { $0.name == name }
        }
        fault.streamName = fields.text("StreamName")
        fault.consumerName = fields.text("ConsumerName")
        if let text = fields.text("ShardId") {
            guard let shard = ShardID(lenient: text) else { throw .faultShardInvalid(text) }
            fault.shardIndex = shard.index
        }
        fault.percentage = fields.integer("Percentage") ?? 100
        fault.times = fields.integer("Times")
        fault.durationSeconds = fields.integer("DurationSeconds")
        fault.error = fields.text("ErrorCode").flatMap(ErrorCode.init(rawValue:)).map {
            ServiceError($0, fields.text("Message") ?? "An injected fault.")
        }
        fault.delayMilliseconds = fields.integer("DelayMilliseconds")
        return Input(fault: fault)
    }

    /// Each kind has members of its own; one that would change nothing is a mistake.
    private static func checkMembers(
        of kind: Fault.Kind, _ fields: Fields
    ) throws(ServiceError) {
        func check(_ member: String, isWanted: Bool, isNeeded: Bool) throws(ServiceError) {
            let isThere = fields[member].isPresent
            if isThere, !isWanted {
                throw .faultMember(member, of: kind.rawValue, isMissing: false)
            }
            if !isThere, isNeeded { throw .faultMember(member, of: kind.rawValue, isMissing: true) }
        }
        try check("ErrorCode", isWanted: kind == .fail, isNeeded: kind == .fail)
        try check("Message", isWanted: kind == .fail, isNeeded: false)
        try check("DelayMilliseconds", isWanted: kind == .delay, isNeeded: kind == .delay)
        try check("Operation", isWanted: kind.isAboutCalls, isNeeded: false)
        try check("Percentage", isWanted: kind.isAboutCalls, isNeeded: false)
        try check("Times", isWanted: kind.isAboutCalls, isNeeded: false)
        try check("ConsumerName", isWanted: kind != .expireIterators, isNeeded: false)
        try check("DurationSeconds", isWanted: kind != .cutSubscriptions, isNeeded: false)
    }

    public struct Output: Sendable {
        public var id: String

        public init(id: String) {
            self.id = id
        }

        public func encoded(_ encoding: Encoding) -> [UInt8] {
            var writer = ResponseWriter(encoding, capacity: 64)
            writer.beginStructure()
            writer.member("FaultId", text: id)
            writer.endStructure()
            return writer.finish()
        }
    }
}
