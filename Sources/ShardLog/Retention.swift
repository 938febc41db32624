internal import Synchronization

extension ShardLog {
    /// Drops the records that arrived before the time: moves the shard's horizon, and unlinks the
    /// segments that are wholly below it. From the same thread as `housekeep`; may wait for the
    /// disk. Where the bytes are damaged the horizon stays.
    public func trim(_ shard: Shard, olderThan arrivalMilliseconds: Int64) {
        let located = shard.position(arrivalAtLeast: arrivalMilliseconds, mayWait: true)
        guard case .found(let found) = located else { return }
        if found > shard.horizon { moveHorizon(of: shard, to: found.offset) }
        // The committer gives up a last segment in which nothing is left.
        if found == shard.tail, shard.segments.withLock({ !$0.isEmpty }) {
            request { $0.retirements.append(shard) }
        }
    }

    private func moveHorizon(of shard: Shard, to position: UInt64) {
        shard.horizonOffset.store(position, ordering: .releasing)
        let dropped = shard.segments.withLock { segments in
            var dropped: [Segment] = []
            // The last one is the committer's; it goes when there is a next.
            while segments.count > 1, segments[1].base <= position {
                dropped.append(segments.removeFirst())
            }
            return dropped
        }
        for segment in dropped {
            // The mapping goes with its last reader.
            segment.closeFile()
            trash.withLock { $0.append(segment.path) }
        }
    }
}

extension Committer {
    /// Gives up the last segment of a shard whose records have all been dropped, so that an idle
    /// shard costs no file. The next record begins a new one.
    func retire(_ shard: Shard) {
        let writer = shard.committerSide
        guard writer.state != .removed, writer.position == shard.horizon.offset else { return }
        let dropped = shard.segments.withLock { segments in
            defer { segments.removeAll() }
            return segments
        }
        writer.segment = nil
        writer.reservedEnd = writer.position
        for segment in dropped {
            segment.closeFile()
            openSegments.removeAll { $0 === segment }
            log.trash.withLock { $0.append(segment.path) }
        }
    }
}
