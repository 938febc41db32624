/// A rate with a burst of one second's worth, as a bucket of tokens that refills evenly.
///
/// What is larger than the bucket is let through while the bucket is full, and leaves a debt: a
/// 10 MiB record passes a limit of 1 MiB a second, and then nothing does for ten seconds.
struct TokenBucket: Hashable {
    /// Tokens a second, and the most that the bucket holds.
    let rate: Double
    private var tokens: Double
    /// When `tokens` was right, nanoseconds.
    private var countedAt: UInt64

    /// A full bucket.
    init(rate: Int, now: UInt64) {
        precondition(rate > 0, "A bucket that never refills is not a rate.")
        self.rate = Double(rate)
        tokens = Double(rate)
        countedAt = now
    }

    /// Takes tokens if they are there.
    mutating func take(_ amount: Int, now: UInt64) -> Bool {
        guard canTake(amount, now: now) else { return false }
        charge(amount, now: now)
        return true
    }

    /// Whether so many tokens can be taken now.
    mutating func canTake(_ amount: Int, now: UInt64) -> Bool {
        refill(now)
        // A sum of many small refills may fall short of a whole token by a rounding.
        return tokens + 1e-6 >= min(Double(amount), rate)
    }

    /// Takes tokens, also such that are not there. What exceeds a full bucket is owed whole.
    mutating func charge(_ amount: Int, now: UInt64) {
        refill(now)
        let amount = Double(amount)
        tokens = amount > rate ? min(tokens, 0) - amount : tokens - amount
    }

    /// When the debt is paid, nanoseconds; not later than `now` if there is none.
    mutating func solventAt(now: UInt64) -> UInt64 {
        refill(now)
        return tokens >= 0 ? now : now + UInt64((-tokens / rate * 1e9).rounded(.up))
    }

    /// Whether it is as good as a new one.
    mutating func isFull(now: UInt64) -> Bool {
        refill(now)
        return tokens >= rate
    }

    private mutating func refill(_ now: UInt64) {
        guard now > countedAt else { return }
        tokens = min(rate, tokens + Double(now - countedAt) / 1e9 * rate)
        countedAt = now
    }
}
