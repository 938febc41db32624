internal import Synchronization

extension ShardLog {
    /// Drops the records that arrived before the time: moves the shard's horizon, and unlinks the
    /// segments that are wholly below it. From the same thread as `housekeep`; may wait for the
    /// disk. Where the bytes are damaged the horizon stays.
    public func trim(_ shard: Shard, olderThan arrivalMilliseconds: Int64) {
        var found: Position?
        // A cold answer asks for one range more; two are needed at most for each of the index and
        // the records behind it.
        for _ in 0..<8 {
            switch shard.position(arrivalAtLeast: arrivalMilliseconds) {
            case .found(let position):
                found = position
            case .cold(let range):
                guard case .ready = shard.prefault(range) else { return }
                continue
            case .damaged:
                return
            }
            break
        }
        guard let found, found > shard.horizon else { return }
        moveHorizon(of: shard, to: found.offset)
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
