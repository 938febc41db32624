internal import Metrics
internal import Synchronization
internal import System

/// The housekeeper's part of the sparse indices: new marks go into the segments' index files, and
/// where there is a gap it is closed, a slice at a time.
extension ShardLog {
    /// One round of it, of bounded work: files that could be written at once are left to the next.
    /// Nothing waits for this; a question in between looks for itself.
    func keepIndices() {
        var files = Limits.indexFilesAtOnce
        var hasWalked = false
        let all = shards.withLock { Array($0.values) }
        for shard in all {
            let segments = shard.segments.withLock { $0 }
            for segment in segments where !segment.isIndexKept.load(ordering: .relaxed) {
                let isSealed = segment !== segments.last || shard.isClosed
                switch segment.state.withLock({ $0.index.owed(isSealed: isSealed) }) {
                case .nothing:
                    if isSealed { segment.isIndexKept.store(true, ordering: .relaxed) }
                case .load where files > 0:
                    files -= 1
                    shard.loadIndex(segment)
                case .walk where !hasWalked:
                    hasWalked = true
                    shard.extendIndex(of: segment, by: Limits.indexSliceBytes)
                case .write where files > 0:
                    files -= 1
                    writeIndex(of: segment, isSealed: isSealed)
                case .load, .walk, .write: break
                }
            }
        }
    }

    private func writeIndex(of segment: Segment, isSealed: Bool) {
        do throws(SystemError) {
            try segment.writeIndex(configuration.files, isSealed: isSealed)
        } catch {
            // A question costs more after the next start, until it is written after all.
            counters.housekeepingFailures.add()
        }
    }
}

extension Segment {
    /// Appends the marks that its index file does not have. Only a sealed segment's is synced: what
    /// a power cut takes of another's is closed by a walk again.
    func writeIndex(_ files: any FileSystem, isSealed: Bool) throws(SystemError) {
        let (kept, marks) = state.withLock { $0.index.unkept }
        let mustCut = state.withLock { $0.index.mustCutFile }
        let file = try files.open(IndexFile.path(of: path), create: true)
        let start = kept == 0 ? 0 : UInt64(IndexFile.bytes(kept))
        if try file.size() > start { try file.truncate(length: start) }
        let head = kept == 0 && !marks.isEmpty ? IndexFile.header(header) : []
        try file.write(head + IndexFile.entries(marks[...], of: header), at: start)
        if isSealed || mustCut { try file.sync() }
        state.withLock { $0.index.keep(marks.count, behind: kept) }
    }
}

extension Shard {
    /// Takes what the segment's index file holds, if that was not done before. Waits for the disk.
    func loadIndex(_ segment: Segment) {
        let (isUnread, end) = segment.state.withLock { ($0.index.isUnread, $0.index.lateFrom) }
        guard isUnread else { return }
        var marks: [SparseIndex.Mark] = []
        var count = 0
        do throws(SystemError) {
            let file = try files.disk.open(
                IndexFile.path(of: segment.path), create: false)
            let bytes = try file.read(
                at: 0, count: IndexFile.bytes(IndexFile.mostEntries))
            count = bytes.count
            coldBytes.add(UInt64(bytes.count), ordering: .relaxed)
            marks = IndexFile.marks(bytes.span, of: segment.header, below: end)
        } catch {
            // One that cannot be read is as good as none: it is made again.
        }
        let (loaded, length) = (marks, count)
        segment.state.withLock { $0.index.load(loaded, of: length) }
        segment.isIndexKept.store(false, ordering: .relaxed)
    }

    /// Looks at so many bytes of what has not been looked at. Waits for the disk.
    func extendIndex(of segment: Segment, by bytes: UInt64) {
        let tail = self.tail.offset
        let start = segment.state.withLock { $0.index.gapStart }
        var scan = Scan(next: segment.base, mayWait: true)
        var begin: UInt64?
        do throws(ReadProblem) {
            try walk(&scan, segment, from: start, tail: tail) { _, at in
                let first = begin ?? at
                begin = first
                return at < start.next && at - first < bytes
            }
        } catch {
            // Whoever reads there is told; the housekeeper cannot mend it.
            segment.isIndexKept.store(true, ordering: .relaxed)
        }
    }
}
