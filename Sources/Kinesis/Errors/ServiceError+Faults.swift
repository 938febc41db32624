/// Errors of the operations that inject faults. All texts are ours.
extension ServiceError {
    /// The server was started without fault injection.
    public static let faultInjectionOff = ServiceError(
        .accessDenied,
        "Fault injection is off. Start the server with --allow-fault-injection to use it.")

    /// More faults than are kept.
    public static func tooManyFaults(limit: Int) -> ServiceError {
        ServiceError(
            .limitExceeded,
            "There are \(limit) faults already. End some of them with ClearFaults.")
    }

    /// No fault has this id.
    public static func faultNotFound(_ id: String) -> ServiceError {
        ServiceError(.resourceNotFound, "Fault \(id) not found.")
    }

    static func faultShardInvalid(_ text: String) -> ServiceError {
        ServiceError(.invalidArgument, "ShardId \(quotable(text)) is not the id of a shard.")
    }

    static func faultMember(_ member: String, of kind: String, isMissing: Bool) -> ServiceError {
        ServiceError(
            .invalidArgument,
            isMissing
                ? "\(member) must be given with Kind \(kind)."
                : "\(member) does not go with Kind \(kind).")
    }
}
