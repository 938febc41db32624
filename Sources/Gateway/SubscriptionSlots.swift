import Synchronization

/// Who may push: one place for each (consumer, shard), held by at most one subscription.
///
/// One mutex guards the table; it is taken when a subscription starts or ends and when cursors are
/// listed, never for a record. A newcomer takes the place at once, but sends nothing before the
/// subscription that held it has answered that it ended.
final class SubscriptionSlots: Sendable {
    struct Key: Hashable, Sendable {
        var consumer: UInt64
        var shard: UInt64
    }

    /// Where a subscription lives.
    struct Holder: Equatable, Sendable {
        var reactor: Int
        var token: UInt64
    }

    private struct Slot {
        var holder: Holder
        var since: UInt64
        var status: SubscriptionStatus
    }

    enum Claim {
        /// The place was free.
        case granted
        /// The place is the newcomer's as soon as `previous` has ended.
        case takeover(previous: Holder)
        /// The present holder was accepted less than the protected time ago.
        case refused
    }

    private let slots = Mutex<[Key: Slot]>([:])

    /// Claims a place. `now` and `protectedFor` are monotonic nanoseconds.
    func claim(
        _ key: Key, for holder: Holder, status: SubscriptionStatus, now: UInt64,
        protectedFor: UInt64
    ) -> Claim {
        slots.withLock { slots in
            let previous = slots[key]
            if let previous, now < previous.since &+ protectedFor { return .refused }
            slots[key] = Slot(holder: holder, since: now, status: status)
            return previous.map { .takeover(previous: $0.holder) } ?? .granted
        }
    }

    /// Whether a claim would be refused now.
    func isProtected(_ key: Key, now: UInt64, protectedFor: UInt64) -> Bool {
        slots.withLock { slots in
            slots[key].map { now < $0.since &+ protectedFor } ?? false
        }
    }

    /// Gives a place back, if the caller still holds it.
    func release(_ key: Key, by holder: Holder) {
        slots.withLock { slots in
            if slots[key]?.holder == holder { slots[key] = nil }
        }
    }

    /// What the subscription in this place tells about itself, if there is one.
    func status(_ key: Key) -> SubscriptionStatus? {
        slots.withLock { $0[key]?.status }
    }

    /// How many places are taken.
    var count: Int { slots.withLock { $0.count } }
}

/// What a running subscription shows to other threads.
final class SubscriptionStatus: Sendable {
    /// The index of the last record or continuation handed to the connection; 0 before the first.
    let sent = Atomic<UInt64>(0)
    /// The index up to which the client has returned credit; 0 before the first.
    let credited = Atomic<UInt64>(0)
    /// Why nothing goes out although something could: `StallCode`.
    let stall = Atomic<UInt8>(0)
}
