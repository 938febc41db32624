public import Wire

/// What DescribeAccountSettings and UpdateAccountSettings answer alike (the model's
/// `MinimumThroughputBillingCommitmentOutput`). Times are seconds since 1970.
public struct AccountSettingsOutput: Sendable {
    /// ENABLED, DISABLED or ENABLED_UNTIL_EARLIEST_ALLOWED_END.
    public var status: String
    public var startedSecond: UInt64?
    public var endedSecond: UInt64?
    public var earliestEndSecond: UInt64?

    public init(
        status: String, startedSecond: UInt64?, endedSecond: UInt64?, earliestEndSecond: UInt64?
    ) {
        self.status = status
        self.startedSecond = startedSecond
        self.endedSecond = endedSecond
        self.earliestEndSecond = earliestEndSecond
    }

    public func encoded(_ encoding: Encoding) -> [UInt8] {
        var writer = ResponseWriter(encoding, capacity: 192)
        writer.beginStructure()
        writer.key("MinimumThroughputBillingCommitment")
        writer.beginStructure()
        writer.member("Status", text: status)
        if let startedSecond { writer.member("StartedAt", second: startedSecond) }
        if let endedSecond { writer.member("EndedAt", second: endedSecond) }
        if let earliestEndSecond {
            writer.member("EarliestAllowedEndAt", second: earliestEndSecond)
        }
        writer.endStructure()
        writer.endStructure()
        return writer.finish()
    }
}
