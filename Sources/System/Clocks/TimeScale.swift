/// How long the product's own times last: the five-minute life of a subscription, the five-second
/// keep-alive and takeover, the expiry of iterators and tokens.
///
/// Tests shrink them with a factor below 1. Times that protect the server (handshake, header and
/// body deadlines) and times that belong to the disk are never scaled.
public struct TimeScale: Sendable, Hashable {
    /// What a time is multiplied with; 1 is real time.
    public let factor: Double

    /// Product times as documented.
    public static let realTime = TimeScale(factor: 1)

    /// A scale by a positive, finite factor.
    public init(factor: Double) {
        precondition(factor > 0 && factor.isFinite, "a time scale is a positive number")
        self.factor = factor
    }

    /// The scaled length of `seconds`, in nanoseconds; at least 1.
    public func nanoseconds(seconds: Double) -> UInt64 {
        max(1, UInt64(seconds * factor * 1_000_000_000))
    }

    /// The scaled length of `seconds`, in milliseconds; at least 1.
    public func milliseconds(seconds: Double) -> Int64 {
        max(1, Int64(seconds * factor * 1_000))
    }
}
