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

    private let wall: @Sendable () -> Int64
    private let last: Atomic<Int64>
    /// Before which every number may be given out.
    let durableCeiling: Atomic<Int64>
    /// Since when the committer has been ordering a batch that is not yet published; 0 if it is
    /// not. Stored before the committer reads the time that it orders by.
    let orderingSince = Atomic<Int64>(0)

    /// Somebody has come near the ceiling; the housekeeper has it extended.
    private let isCeilingWanted = Atomic<Bool>(false)

    init(wall: @escaping @Sendable () -> Int64, notBefore milliseconds: Int64) {
        self.wall = wall
        last = Atomic(max(milliseconds, 0))
        durableCeiling = Atomic(max(milliseconds, 0))
    }

    /// Milliseconds since 1970, at or above every earlier answer.
    func now() -> Int64 {
        last.max(wall(), ordering: .sequentiallyConsistent).newValue
    }

    func wantCeiling() {
        isCeilingWanted.store(true, ordering: .relaxed)
    }

    func takeCeilingWanted() -> Bool {
        isCeilingWanted.exchange(false, ordering: .relaxed)
    }

    /// What the wall clock says, for arrival times.
    func wallNow() -> Int64 {
        wall()
    }

    /// The first index of a millisecond in a shard.
    static func firstIndex(at milliseconds: Int64, created: Int64) -> UInt64 {
        milliseconds <= created ? 0 : UInt64(milliseconds - created) << UInt64(indexBits)
    }

    /// The least ceiling under which the index may be given out.
    static func ceiling(for index: UInt64, created: Int64) -> Int64 {
        created + Int64(index >> UInt64(indexBits)) + 1
    }

    /// The highest number that divides what has been published from what is to come, as far as
    /// time tells: everything ordered from now on is above it. To be taken before the shard's last
    /// index and tail are read.
    func quietIndex(created: Int64) -> (index: UInt64, nearCeiling: Bool) {
        var time = now()
        let ordering = orderingSince.load(ordering: .sequentiallyConsistent)
        if ordering != 0 { time = min(time, ordering) }
        let ceiling = durableCeiling.load(ordering: .sequentiallyConsistent)
        let near = time + Limits.ceilingMarginMilliseconds > ceiling
        let first = Self.firstIndex(at: min(time, ceiling), created: created)
        return (first == 0 ? 0 : first - 1, near)
    }
}
