internal import Synchronization

extension ShardLog {
    /// Drops the records that arrived before the time: whole segments by their headers, without a
    /// look at the disk, and then within the one in which the time lies. From the same thread as
    /// `housekeep`. Where the bytes are damaged the horizon stays.
    ///
    /// Within a segment nothing is gained but that readers begin further up; it may wait for the
    /// disk, for at most a mebibyte. A segment whose sparse index is not complete is left until it is.
    /// - Parameter slack: nothing is looked for within a segment while what could be dropped there
    ///   has arrived no longer than this before the time, in milliseconds.
    /// - Returns: whether it was looked for.
    @discardableResult
    public func trim(
        _ shard: Shard, olderThan arrivalMilliseconds: Int64, slack: Int64 = 0
    ) -> Bool {
        shard.forgetMissing(olderThan: arrivalMilliseconds)
        if let tip = shard.tip(.arrival), Int64(tip.last) < arrivalMilliseconds {
            if tip.tail > shard.horizon { moveHorizon(of: shard, to: tip.tail.offset) }
            retireLast(of: shard)
            return false
        }
        // What lies before a segment that began before the time arrived before it as well.
        let segment = shard.segments.withLock { segments in
            segments.last {
                $0.fault == nil && $0.header.firstArrivalMilliseconds < arrivalMilliseconds
            }
        }
        guard let segment else { return false }
        if segment.base > shard.horizon.offset { moveHorizon(of: shard, to: segment.base) }
        let oldest = max(
            segment.header.firstArrivalMilliseconds, shard.trimmedTo.load(ordering: .relaxed))
        guard oldest < arrivalMilliseconds, arrivalMilliseconds - oldest > slack else {
            return false
        }
        shard.loadIndex(segment)
        let end = shard.end(of: segment, tail: shard.tail.offset)
        let gap = segment.state.withLock { $0.index.gapBytes(below: end) }
        guard gap <= Limits.mostReadBytes / 2 else { return true }
        guard
            case .found(let found) = shard.position(
                arrivalAtLeast: arrivalMilliseconds, mayWait: true)
        else { return true }
        shard.trimmedTo.store(arrivalMilliseconds, ordering: .relaxed)
        if found > shard.horizon { moveHorizon(of: shard, to: found.offset) }
        if found == shard.tail { retireLast(of: shard) }
        return true
    }

    /// The committer gives up a last segment in which nothing is left.
    private func retireLast(of shard: Shard) {
        if shard.segments.withLock({ !$0.isEmpty }) {
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
        trash.withLock { $0.append(contentsOf: dropped) }
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
        log.trash.withLock { $0.append(contentsOf: dropped) }
    }
}
