internal import Kinesis

/// An account's minimum throughput billing commitment (the model's
/// `MinimumThroughputBillingCommitmentOutput`), which unlocks warm throughput.
///
/// Nothing is billed here; clients find the states that they know.
public struct Commitment: Sendable, Hashable {
    /// How long it lasts at least: 24 hours.
    public static let minimumSeconds: UInt64 = 86_400

    /// When it was enabled, in seconds since 1970; nil if it never was.
    public var startedSecond: UInt64?
    /// When it ends or has ended; nil while no end is set.
    public var endSecond: UInt64?

    /// What clients are told (the model's `MinimumThroughputBillingCommitmentOutputStatus`).
    public enum Status: String, Sendable, Hashable {
        case enabled = "ENABLED"
        case disabled = "DISABLED"
        /// Disabled within its first 24 hours, which it still lasts.
        case enabledUntilEarliestAllowedEnd = "ENABLED_UNTIL_EARLIEST_ALLOWED_END"
    }

    public init(startedSecond: UInt64? = nil, endSecond: UInt64? = nil) {
        self.startedSecond = startedSecond
        self.endSecond = endSecond
    }

    /// The status at a second since 1970.
    public func status(at second: UInt64) -> Status {
        guard startedSecond != nil else { return .disabled }
        guard let endSecond else { return .enabled }
        return second < endSecond ? .enabledUntilEarliestAllowedEnd : .disabled
    }

    /// Whether what it unlocks can be used at a second since 1970.
    public func isInForce(at second: UInt64) -> Bool { status(at: second) != .disabled }

    /// The first second at which it can end; nil unless it is in force.
    public func earliestEndSecond(at second: UInt64) -> UInt64? {
        guard isInForce(at: second), let startedSecond else { return nil }
        return startedSecond + Self.minimumSeconds
    }

    /// What enabling it at a second makes of it; an end that was set and has not come is cancelled.
    func enabled(at second: UInt64) -> Commitment {
        isInForce(at: second)
            ? Commitment(startedSecond: startedSecond)
            : Commitment(startedSecond: second)
    }

    /// What disabling it at a second makes of it.
    func disabled(at second: UInt64) -> Commitment {
        guard let startedSecond, status(at: second) == .enabled else { return self }
        return Commitment(
            startedSecond: startedSecond,
            endSecond: min(
                max(second, startedSecond + Self.minimumSeconds), SequenceNumber.greatestSecond))
    }
}
