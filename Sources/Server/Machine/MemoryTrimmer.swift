internal import Glibc
internal import ShardLog
internal import Synchronization
internal import System

/// Decides when free memory goes back to the system: soon after a peak, seldom under load, since
/// what is given back is taken again by a fault for each page.
struct TrimPolicy {
    /// What has to have grown, and to have been let go, to be worth it.
    static let worthwhileBytes = 8 << 20
    /// Growth without an end in sight is looked at this often.
    static let patienceNanoseconds: UInt64 = 60_000_000_000
    /// After a look that brought little, memory that nothing accounts for is looked at half as often,
    /// down to this.
    static let longestPatienceNanoseconds: UInt64 = 960_000_000_000
    /// What was in use at one look and has been let go since, and what is free when the node comes
    /// to rest, is given back when this has passed since the last look.
    static let pauseNanoseconds: UInt64 = 5_000_000_000

    private var highestLoad = 0
    /// Since the last look, and ever.
    private var residentBytes: Int?
    private var lowestResident = Int.max
    private var trimmedAt: UInt64 = 0
    private var patience = TrimPolicy.patienceNanoseconds
    /// The node has come to rest and has been looked at since.
    private var hasLookedAtRest = false
    /// The last look at rest brought little.
    private var isRestInVain = false

    /// Whether to give back now; asked about once a second. `load` is what the node knows to hold;
    /// it rests when it hardly used a processor since it was asked last.
    mutating func isDue(load: Int, resident: Int, isResting: Bool, now: UInt64) -> Bool {
        hasLookedAtRest = hasLookedAtRest && isResting
        highestLoad = max(highestLoad, load)
        guard let base = residentBytes else {
            (residentBytes, lowestResident, trimmedAt) = (resident, resident, now)
            return false
        }
        residentBytes = min(base, resident)
        lowestResident = min(lowestResident, resident)
        let hasGrown = resident - min(base, resident) >= Self.worthwhileBytes
        let waited = now &- trimmedAt
        let isOver = highestLoad - load >= Self.worthwhileBytes
        let hasJustComeToRest =
            isResting && !hasLookedAtRest && waited >= Self.pauseNanoseconds
        if hasGrown {
            return isOver || hasJustComeToRest || waited >= Self.patienceNanoseconds
        }
        guard isUnaccounted(resident, load) else { return false }
        return waited >= patience || (isOver && waited >= Self.pauseNanoseconds)
            || (hasJustComeToRest && !isRestInVain)
    }

    /// More is resident than the load explains. So it is too after a look that came before what it
    /// found in use was let go.
    private func isUnaccounted(_ resident: Int, _ load: Int) -> Bool {
        resident - lowestResident - load >= Self.worthwhileBytes
    }

    /// It was given back, and of what was resident `before` so much is left.
    mutating func trimmed(
        load: Int, before: Int, resident: Int, isResting: Bool, now: UInt64
    ) {
        hasLookedAtRest = isResting
        let hasBroughtMuch = before - resident >= Self.worthwhileBytes
        patience =
            hasBroughtMuch
            ? Self.patienceNanoseconds : min(patience * 2, Self.longestPatienceNanoseconds)
        isRestInVain = !hasBroughtMuch && (isRestInVain || isResting)
        (highestLoad, residentBytes, trimmedAt) = (load, resident, now)
        lowestResident = min(lowestResident, resident)
    }
}

/// Gives memory back when the policy says so.
final class MemoryTrimmer: Sendable {
    private struct State {
        var policy = TrimPolicy()
        /// At the last look: processor time used until then, and when it was; nanoseconds.
        var processor: Int64 = 0
        var lookedAt: UInt64 = 0
    }

    /// A node that uses less than one part in so many of a processor rests.
    private static let restPart: UInt64 = 20

    private let state = Mutex(State())
    private let files: any FileSystem
    private let load: @Sendable () -> Int

    /// `load` is what the node knows to hold for its peers, bytes.
    init(files: any FileSystem, load: @escaping @Sendable () -> Int) {
        self.files = files
        self.load = load
    }

    /// Called about once a second, on a thread that may wait.
    func look() {
        guard let resident = residentBytes() else { return }
        let now = MonotonicClock.nanoseconds
        let load = load()
        let processor = ProcessorClock.processNanoseconds
        state.withLock { state in
            let used = UInt64(max(0, processor - state.processor))
            let isResting = used < (now &- state.lookedAt) / Self.restPart
            (state.processor, state.lookedAt) = (processor, now)
            guard
                state.policy.isDue(
                    load: load, resident: resident, isResting: isResting, now: now)
            else { return }
            Allocator.giveBack()
            let left = residentBytes() ?? resident
            state.policy.trimmed(
                load: load, before: resident, resident: left, isResting: isResting, now: now)
        }
    }

    /// Memory of the process that is no file's, bytes; nil if the system does not tell.
    private func residentBytes() -> Int? {
        guard let bytes = try? files.contents(of: "/proc/self/statm") else { return nil }
        let fields = String(decoding: bytes, as: UTF8.self).split(separator: " ")
        guard fields.count > 2, let resident = Int(fields[1]), let shared = Int(fields[2]) else {
            return nil
        }
        return (resident - shared) * max(1, sysconf(Int32(_SC_PAGESIZE)))
    }
}
