import Synchronization

/// Who may push: one place for each (consumer, shard), held by at most one subscription.
///
/// One mutex guards the table; it is taken when a subscription starts or ends and when cursors are
/// listed, never for a record. A newcomer takes the place at once, but sends nothing before the
/// subscription that held it has answered that it ended (``Tenancy``).
final class SubscriptionSlots: Sendable {
    struct Key: Hashable, Sendable {
        var consumer: UInt64
        var shard: UInt64
    }

    /// Where a subscription lives.
    struct Holder: Hashable, Sendable {
        var reactor: Int
        var token: UInt64
    }

    enum Claim: Hashable {
        /// The place was free.
        case granted
        /// The place is the newcomer's as soon as `previous` has ended.
        case takeover(previous: Holder)
        /// The present holder was accepted less than the protected time ago.
        case refused
    }

    private let table = Mutex(SlotTable())

    /// Claims a place. `now` and `protectedFor` are monotonic nanoseconds.
    func claim(
        _ key: Key, for holder: Holder, status: SubscriptionStatus, now: UInt64,
        protectedFor: UInt64
    ) -> Claim {
        table.withLock {
            $0.claim(key, for: holder, status: status, now: now, protectedFor: protectedFor)
        }
    }

    /// Whether a claim would be refused now.
    func isProtected(_ key: Key, now: UInt64, protectedFor: UInt64) -> Bool {
        table.withLock { $0.isProtected(key, now: now, protectedFor: protectedFor) }
    }

    /// The holder has ended while it still waited for the one before: it holds the place as a
    /// relay, and is in nobody's way.
    func unprotect(_ key: Key, by holder: Holder) {
        table.withLock { $0.unprotect(key, by: holder) }
    }

    /// Gives a place back, if the caller still holds it.
    func release(_ key: Key, by holder: Holder) {
        table.withLock { $0.release(key, by: holder) }
    }

    /// What the subscription in this place tells about itself, if there is one.
    func status(_ key: Key) -> SubscriptionStatus? {
        table.withLock { $0.status(key) }
    }

    /// How many places are taken.
    var count: Int { table.withLock { $0.count } }
}

/// The places that are taken; a value.
struct SlotTable {
    private struct Slot {
        var holder: SubscriptionSlots.Holder
        /// When it was claimed; nil for one that is not protected.
        var since: UInt64?
        var status: SubscriptionStatus
    }

    private var slots: [SubscriptionSlots.Key: Slot] = [:]

    var count: Int { slots.count }

    func holder(_ key: SubscriptionSlots.Key) -> SubscriptionSlots.Holder? { slots[key]?.holder }

    mutating func claim(
        _ key: SubscriptionSlots.Key, for holder: SubscriptionSlots.Holder,
        status: SubscriptionStatus, now: UInt64, protectedFor: UInt64
    ) -> SubscriptionSlots.Claim {
        if isProtected(key, now: now, protectedFor: protectedFor) { return .refused }
        let previous = slots[key]
        slots[key] = Slot(holder: holder, since: now, status: status)
        return previous.map { .takeover(previous: $0.holder) } ?? .granted
    }

    func isProtected(_ key: SubscriptionSlots.Key, now: UInt64, protectedFor: UInt64) -> Bool {
        slots[key]?.since.map { now < $0 &+ protectedFor } ?? false
    }

    mutating func unprotect(
        _ key: SubscriptionSlots.Key, by holder: SubscriptionSlots.Holder
    ) {
        if slots[key]?.holder == holder { slots[key]?.since = nil }
    }

    mutating func release(_ key: SubscriptionSlots.Key, by holder: SubscriptionSlots.Holder) {
        if slots[key]?.holder == holder { slots[key] = nil }
    }

    func status(_ key: SubscriptionSlots.Key) -> SubscriptionStatus? { slots[key]?.status }
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
