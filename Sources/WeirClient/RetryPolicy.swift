/// How often something is tried again, and how long to wait in between: twice as long each time,
/// less a random part, so that many clients do not come back at once.
public struct RetryPolicy: Sendable, Hashable {
    /// Attempts of one call, the first included; 1 is no retry.
    public var attempts = 5
    /// Attempts of a subscription in a row without an event; then it fails with the last error.
    public var subscriptionAttempts = 60
    /// The first wait, in milliseconds.
    public var firstMilliseconds = 100
    /// The longest wait, in milliseconds.
    public var longestMilliseconds = 5_000

    public init() {}

    /// How long to wait after `failures` attempts, at least 1, in milliseconds: between a half and
    /// the whole of the doubled wait, by `fraction` from 0 to 1.
    func milliseconds(afterFailures failures: Int, fraction: Double) -> Int {
        precondition(failures >= 1, "the first attempt is not a retry")
        let doubled =
            failures > 30
            ? longestMilliseconds
            : min(longestMilliseconds, firstMilliseconds << (failures - 1))
        return doubled / 2 + Int(Double(doubled - doubled / 2) * fraction)
    }
}
