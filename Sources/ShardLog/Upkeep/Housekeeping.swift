internal import Metrics
internal import Synchronization
internal import System

extension ShardLog {
    /// All of the log's chores: `keepJournal`, then `tidy`.
    public func housekeep() {
        keepJournal()
        tidy()
    }

    /// Closes, unmaps and unlinks what was removed, unmaps what nobody reads, and counts. Call it
    /// about once a second, from a thread that may wait for the disk; it waits for nothing that
    /// `keepJournal` does, nor the other way round.
    public func tidy() {
        takeOutTrash()
        keepIndices()
        unmapUnused()
        countBytes()
    }

    /// Frees what deleted shards and expired records hold: descriptors and mappings at once, and
    /// the disk with them.
    private func takeOutTrash() {
        let segments = trash.withLock { trash in
            let taken = trash
            trash.removeAll()
            return taken
        }
        let stored = ledger.withLock { $0.stored }
        for segment in segments {
            segmentFiles.drop(segment)
            // The next ledger, a second from now, lets it go.
            if isKept(segment.path, by: stored) {
                trash.withLock { $0.append(segment) }
                continue
            }
            do throws(SystemError) {
                try configuration.files.unlink(IndexFile.path(of: segment.path))
                try configuration.files.unlink(segment.path)
            } catch {
                trash.withLock { $0.append(segment) }
            }
        }
    }

    private func unmapUnused() {
        segmentFiles.unmapUnused { segment in
            // The last one is written: what is put there is about to be read.
            guard let shard = shard(ShardNumber(rawValue: segment.header.shard)) else {
                return true
            }
            return segment.isCold(shard)
        }
    }

    private func countBytes() {
        var bytes = journal.bytesOnDisk
        let all = shards.withLock { Array($0.values) }
        for shard in all {
            let segments = shard.segments.withLock { $0 }
            for segment in segments { bytes += segment.fileBytes.load(ordering: .relaxed) }
        }
        counters.bytesOnDisk.set(Int(clamping: bytes))
    }
}

extension Segment {
    /// Nothing of it is in the part of the shard that reads without asking.
    func isCold(_ shard: Shard) -> Bool {
        let tail = shard.tail.offset
        return capacityEnd < tail - min(tail, shard.residentBytes)
    }
}
