internal import Synchronization

/// The node's time, which never goes back, and the rules by which numbers are made of it.
///
/// An index is the milliseconds since the shard was created, shifted left by twenty bits, or one
/// more than the index before. The *ceiling* is a time written to the journal ahead of use: no
/// number of a later time leaves the process before a later ceiling is durable, and a recovered
/// log starts its time at the ceiling. So no number is given out twice, whatever the wall clock
/// does and whatever the durability class forgets.
final class NodeTime: Sendable {
    static let indexBits = 20

    private let present: @Sendable () -> Int64
    private let last: Atomic<Int64>
    /// Before which every number may be given out.
    let durableCeiling: Atomic<Int64>
    /// Since when the committer has been ordering a batch that is not yet published; 0 if it is
    /// not. See `Ordering`.
    let orderingSince = Atomic<Int64>(0)

    /// Somebody has come near the ceiling; the housekeeper has it extended.
    private let isCeilingWanted = Atomic<Bool>(false)

    /// - Parameter present: the log's time, milliseconds since 1970; it may go back.
    init(present: @escaping @Sendable () -> Int64, notBefore milliseconds: Int64) {
        self.present = present
        last = Atomic(max(milliseconds, 0))
        durableCeiling = Atomic(max(milliseconds, 0))
    }

    /// Milliseconds since 1970, at or above every earlier answer.
    func now() -> Int64 {
        last.max(present(), ordering: .sequentiallyConsistent).newValue
    }

    func wantCeiling() {
        isCeilingWanted.store(true, ordering: .relaxed)
    }

    func takeCeilingWanted() -> Bool {
        isCeilingWanted.exchange(false, ordering: .relaxed)
    }

    /// The first index of a millisecond in a shard.
    static func firstIndex(at milliseconds: Int64, created: Int64) -> UInt64 {
        milliseconds <= created ? 0 : UInt64(milliseconds - created) << UInt64(indexBits)
    }

    /// The least ceiling under which the index may be given out.
    static func ceiling(for index: UInt64, created: Int64) -> Int64 {
        created + Int64(index >> UInt64(indexBits)) + 1
    }

    /// The index of the record that comes after one with the index `last`: as high as the time it
    /// is ordered by, and above a number that may have been given out.
    static func index(
        after last: UInt64, at now: Int64, created: Int64, above minimum: UInt64,
        durableCeiling: Int64
    ) -> UInt64 {
        let index = max(last + 1, firstIndex(at: now, created: created))
        guard minimum >= index, ceiling(for: minimum, created: created) <= durableCeiling else {
            return index
        }
        return minimum + 1
    }

    /// The ceiling that a batch must carry instead of the last one's, or nil if that will do.
    static func raised(
        _ ceiling: Int64, at now: Int64, needed: Int64, isWanted: Bool
    ) -> Int64? {
        let isNear = now + Limits.ceilingMarginMilliseconds > ceiling
        guard isNear || needed > ceiling || isWanted else { return nil }
        return max(ceiling, max(now, needed) + Limits.ceilingLeadMilliseconds)
    }
}

extension NodeTime: OrderingCells {
    func storeOrderingSince(_ milliseconds: Int64) {
        orderingSince.store(milliseconds, ordering: .sequentiallyConsistent)
    }
}
