internal import Glibc
internal import Metrics
internal import Synchronization
internal import System

/// The one owner of the segments' descriptors and mappings: whoever writes, syncs or reads a segment
/// asks here, and nobody keeps a descriptor of his own.
///
/// Both are made on demand and bounded. Beyond the bound the ones that were used the longest ago
/// go; they go as well when the process or the system has none left (`PatientFileSystem`), so that
/// the log lives within whatever limit it finds. Who holds a file or a mapping that goes keeps it
/// until he lets go: an eviction takes nothing away from a call under way.
///
/// What was dropped, because its shard was deleted or its records have expired, is closed and
/// unmapped at once and never opened again. With its last reader its disk space is free.
final class SegmentFiles: Sendable {
    /// The disk, with patience: see `PatientFileSystem`.
    var disk: PatientFileSystem { PatientFileSystem(base: base, owner: self) }
    let counters = SegmentFileCounters()

    private let base: any FileSystem
    private let mostOpen: Int
    private let mostMapped: Int
    private let tables = Mutex(Tables())
    /// Rises with every file opened or mapped: the time by which uses are compared. What was used
    /// since the last miss counts as used at the same moment.
    private let clock = Atomic<UInt64>(1)

    private struct Tables {
        var open: [ObjectIdentifier: Segment] = [:]
        var mapped: [ObjectIdentifier: Segment] = [:]
    }

    init(_ configuration: ShardLog.Configuration) {
        base = configuration.files
        mostOpen = configuration.openSegments
        mostMapped = max(Limits.leastMappings, configuration.mappedSegments)
    }

    // Descriptors.

    /// The segment's file, open for reading and writing. Waits for the disk if it was not open.
    func file(of segment: Segment) throws(SystemError) -> any File {
        let now = clock.load(ordering: .relaxed)
        let (open, isDropped) = segment.state.withLock { state in
            state.fileUsed = now
            return (state.file, state.isDropped)
        }
        if let open { return open }
        if isDropped { throw Self.dropped }
        return try install(self.open(segment, create: false), in: segment)
    }

    /// The same, for a segment that may have no file on the disk yet.
    func create(_ segment: Segment) throws(SystemError) -> any File {
        try install(self.open(segment, create: true), in: segment)
    }

    private func open(_ segment: Segment, create: Bool) throws(SystemError) -> any File {
        try disk.open(segment.path, create: create, counters: counters)
    }

    /// Puts a file in the segment's place for one, unless another thread came first.
    private func install(
        _ opened: any File, in segment: Segment
    ) throws(SystemError) -> any File {
        let now = clock.add(1, ordering: .relaxed).newValue
        let file: (any File)? = segment.state.withLock { state in
            if state.isDropped { return nil }
            if let open = state.file { return open }
            state.file = opened
            state.fileUsed = now
            return opened
        }
        guard let file else { throw Self.dropped }
        let count = tables.withLock { tables in
            tables.open[ObjectIdentifier(segment)] = segment
            return tables.open.count
        }
        forgetIfDropped(segment)
        if count > mostOpen { closeOldest(count - mostOpen + mostOpen / 4, besides: segment) }
        return file
    }

    /// Opens a file that is to take a segment's place, and maps it.
    func makeReplacement(
        of segment: Segment, at path: String
    ) throws(SystemError) -> Replacement {
        let file = try disk.open(path, create: true, counters: counters)
        return Replacement(
            file: file, mapping: try map(file, length: Int(segment.header.fullBytes)))
    }

    struct Replacement {
        let file: any File
        let mapping: Mapping
    }

    /// Gives the segment the file that has taken over its name. Readers that hold the old mapping
    /// read the same bytes there.
    func replaceFile(of segment: Segment, with new: Replacement) {
        let now = clock.add(1, ordering: .relaxed).newValue
        segment.state.withLock { state in
            guard !state.isDropped else { return }
            state.file = new.file
            state.fileUsed = now
            state.mapping = new.mapping
            state.mappingUsed = now
        }
        tables.withLock { tables in
            tables.open[ObjectIdentifier(segment)] = segment
            tables.mapped[ObjectIdentifier(segment)] = segment
        }
        forgetIfDropped(segment)
    }

    /// Closes the file, if nobody will need it soon.
    func close(_ segment: Segment) {
        tables.withLock { _ = $0.open.removeValue(forKey: ObjectIdentifier(segment)) }
        let file = segment.state.withLock { state in
            defer { state.file = nil }
            return state.file
        }
        // Closed here, outside of the lock, or by whoever still uses it.
        _ = consume file
    }

    /// A drop that came between a segment's new state and its entry in the tables wins.
    private func forgetIfDropped(_ segment: Segment) {
        if segment.state.withLock({ $0.isDropped }) { drop(segment) }
    }

    // Mappings.

    /// The segment's mapping, as long as its full length, made if there is none. Waits for the
    /// disk: a reactor takes `Segment.mapping`, and asks the blocking pool for this one.
    func map(_ segment: Segment) throws(SystemError) -> Mapping {
        let (mapping, open) = segment.state.withLock { ($0.mapping, $0.file) }
        if let mapping {
            segment.isUsed.store(true, ordering: .relaxed)
            return mapping
        }
        // A mapping needs a file for as long as it takes to make it.
        let file: any File
        if let open { file = open } else { file = try self.open(segment, create: false) }
        let made = try map(file, length: Int(segment.header.fullBytes))
        let now = clock.add(1, ordering: .relaxed).newValue
        // Two threads may have come here; one of the mappings goes.
        let chosen: Mapping? = segment.state.withLock { state in
            if state.isDropped { return nil }
            if let mapping = state.mapping { return mapping }
            state.mapping = made
            state.mappingUsed = now
            return made
        }
        guard let chosen else { throw Self.dropped }
        let count = tables.withLock { tables in
            tables.mapped[ObjectIdentifier(segment)] = segment
            return tables.mapped.count
        }
        forgetIfDropped(segment)
        if count > mostMapped {
            unmapOldest(count - mostMapped + mostMapped / 4, besides: segment)
        }
        return chosen
    }

    private func map(_ file: any File, length: Int) throws(SystemError) -> Mapping {
        while true {
            do throws(SystemError) {
                let mapping = try file.map(length: length)
                mapping.count(in: counters)
                return mapping
            } catch {
                guard error.isLackOfRoom, unmapOldest(mappedCount / 4 + 1) > 0 else { throw error }
            }
        }
    }

    /// Unmaps what nobody has read since the last call, if the caller finds it cold. Call it about
    /// once a second.
    func unmapUnused(isCold: (Segment) -> Bool) {
        for segment in refreshedMapped().stale where isCold(segment) { unmap(segment) }
    }

    private func unmap(_ segment: Segment) {
        tables.withLock { _ = $0.mapped.removeValue(forKey: ObjectIdentifier(segment)) }
        let mapping = segment.state.withLock { state in
            defer { state.mapping = nil }
            return state.mapping
        }
        // Unmapped here, outside of the lock, or by whoever still reads.
        _ = consume mapping
    }

    // Ends.

    /// Closes and unmaps the segment for good.
    func drop(_ segment: Segment) {
        segment.state.withLock { $0.isDropped = true }
        close(segment)
        unmap(segment)
    }

    private static let dropped = SystemError(errno: ENOENT, operation: "open, removed segment")

    // Room.

    private var openCount: Int { tables.withLock { $0.open.count } }
    private var mappedCount: Int { tables.withLock { $0.mapped.count } }

    /// Closes some of the files for a call that found no descriptor or no memory, and unmaps if it
    /// was memory. False if there was nothing left to close.
    func makeRoom(after failure: SystemError) -> Bool {
        let closed = closeOldest(openCount / 4 + 1)
        let unmapped = failure.errno == ENOMEM ? unmapOldest(mappedCount / 4 + 1) : 0
        return closed + unmapped > 0
    }

    @discardableResult
    private func closeOldest(_ count: Int, besides spared: Segment? = nil) -> Int {
        let all = tables.withLock { Array($0.open.values) }
        let oldest = Self.oldest(count, of: all, besides: spared) { $0.fileUsed }
        for segment in oldest { close(segment) }
        counters.evictions.add(UInt64(oldest.count))
        return oldest.count
    }

    @discardableResult
    private func unmapOldest(_ count: Int, besides spared: Segment? = nil) -> Int {
        let all = refreshedMapped().all
        let oldest = Self.oldest(count, of: all, besides: spared) { $0.mappingUsed }
        for segment in oldest { unmap(segment) }
        counters.evictions.add(UInt64(oldest.count))
        return oldest.count
    }

    /// What is mapped, with the marks that readers have left turned into times; and of that, what
    /// had no mark.
    private func refreshedMapped() -> (all: [Segment], stale: [Segment]) {
        let now = clock.add(1, ordering: .relaxed).newValue
        let all = tables.withLock { Array($0.mapped.values) }
        let stale = all.filter { segment in
            guard segment.isUsed.exchange(false, ordering: .relaxed) else { return true }
            segment.state.withLock { $0.mappingUsed = now }
            return false
        }
        return (all, stale)
    }

    private static func oldest(
        _ count: Int, of segments: [Segment], besides spared: Segment?,
        used: (Segment.State) -> UInt64
    ) -> ArraySlice<Segment> {
        var aged = segments.filter { $0 !== spared }.map { segment in
            (used: segment.state.withLock { used($0) }, segment: segment)
        }
        aged.sort { $0.used < $1.used }
        return aged.map(\.segment).prefix(count)
    }
}
