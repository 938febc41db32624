internal import Metrics
internal import Synchronization
internal import System

extension Committer {
    /// Puts a segment that could not be synced into a new file: its bytes are in memory still, and
    /// every record's checksum says whether they are the right ones.
    func rewrite(_ segment: Segment) {
        // It may have been asked for twice.
        guard segment.hasFailed.load(ordering: .acquiring) else { return }
        guard let shard = log.shard(ShardNumber(rawValue: segment.header.shard)),
            shard.segments.withLock({ $0.contains { $0 === segment } })
        else {
            // Nobody needs it any more.
            segment.hasFailed.store(false, ordering: .releasing)
            return
        }
        let tail = shard.settledTail.load(ordering: .sequentiallyConsistent)
        let end = shard.end(of: segment, tail: tail)
        do throws(SystemError) {
            let old = try segment.file(segmentFiles)
            let length = segment.offset(end)
            let bytes = try old.read(at: 0, count: Int(length))
            guard UInt64(bytes.count) == length, isWhole(bytes, of: segment) else {
                throw SystemError(errno: Self.ioError, operation: "segment, after a failed sync")
            }
            let path = segment.path + ".new"
            let new = try segmentFiles.makeReplacement(of: segment, at: path)
            try new.file.truncate(length: 0)
            try new.file.reserve(length: segment.fileBytes.load(ordering: .relaxed))
            try new.file.write(bytes, at: 0)
            try new.file.sync()
            try files.rename(path, to: segment.path)
            // From here on the name is the new file's. That it is so for good is seen to by the
            // next sync of the segments.
            segmentFiles.replaceFile(of: segment, with: new)
            log.noteNewSegment()
            segment.hasFailed.store(false, ordering: .releasing)
            log.counters.segmentRewrites.add()
            if !segment.isDirty.exchange(true, ordering: .acquiringAndReleasing) {
                log.noteDirty(segment)
            }
        } catch {
            // The journal has the bytes still, and keeps them. The next sync asks for another try.
            log.condition.enter(
                .lacking(WriteCondition.Lack(error, bytes: segment.header.fullBytes)), error,
                "a segment cannot be synced")
            try? files.unlink(segment.path + ".new")
        }
    }

    private func isWhole(_ bytes: [UInt8], of segment: Segment) -> Bool {
        let span = bytes.span
        guard Segment.Header(span) == segment.header else { return false }
        var offset = Limits.pageBytes
        while offset < span.count {
            let rest = span.extracting(offset..<span.count)
            guard Record.fault(rest, shard: segment.header.shard) == nil else { return false }
            offset += Record.Header(rest).length
        }
        return true
    }
}
