internal import Kinesis
public import ShardLog
internal import Synchronization

// The chores of a thread that may wait for the disk: one thread calls all three.

extension Catalog {
    /// Writes the cursors that have moved since the last call into the journal. Call it about
    /// once a second, and once before the log is closed.
    public func flushCursors() {
        let isReady = pending.withLock { pending in look(&pending) }
        guard isReady else { return }
        var rest = publisher.cursors.takeMoved()[...]
        while !rest.isEmpty {
            var entry = CursorsMoved(moves: [])
            var size = 0
            while let move = rest.first, size < CatalogLimits.cursorEntryBytes {
                var writer = EntryWriter()
                CursorsMoved.encode(move, into: &writer)
                size += writer.bytes.count
                entry.moves.append(move)
                rest.removeFirst()
            }
            pending.withLock { pending in
                // Lost if the catalog has begun anew meanwhile; then all cursors are marked.
                if pending.awaited == nil { submit(entry, to: &pending.state) }
            }
        }
    }

    /// Finds out whether the log has let entries go; false while cursors cannot be written. The
    /// caller holds the mutex.
    private func look(_ pending: inout PendingState) -> Bool {
        let isSound = catchUp(&pending)
        defer { pending.seen = pending.state.serial }
        let published = publisher.durable().state.serial
        // Nothing was handed over since the last look, and not all has come back: the log is
        // slow, or the last entries are lost. One more entry tells which.
        guard published < pending.state.serial, pending.state.serial == pending.seen else {
            return isSound
        }
        if isSound {
            submit(CursorsMoved(moves: []), to: &pending.state)
        } else {
            resynchronize(&pending)
        }
        return isSound
    }

    /// Ends the statuses that streams and consumers do not stay in and that nobody else has ended:
    /// those that a restart found, and those whose end the log has let go. Call it about once a
    /// second.
    ///
    /// One is due half a second after its time, counted from the first call that saw it.
    ///
    /// - Parameter now: Nanoseconds of the monotonic clock. The node's time would not do: after a
    ///   crash it stands at the ceiling until the wall clock has come there.
    public func endOverdueTransitions(delayMilliseconds: Int, now: UInt64) {
        let grace = rules.passesThroughStates ? UInt64(delayMilliseconds + 500) * 1_000_000 : 0
        let inTransition = snapshot.inTransition
        let due = firstSeen.withLock { seen in
            seen = seen.filter { inTransition[$0.key] == $0.value.since }
            for (one, since) in inTransition where seen[one] == nil {
                seen[one] = Observation(since: since, at: now)
            }
            return seen.filter { now - $0.value.at >= grace }
        }
        for (one, observed) in due {
            do throws(CatalogRefusal) {
                try perform(.endTransition(one, since: observed.since), waiter: nil)
            } catch {
                // Ended meanwhile, or the log takes no writes: the next call looks again.
                continue
            }
        }
    }

    /// Stores the durable state as the log's control snapshot if the log wants one, so that the
    /// journal can be recycled and a start is quick. Call it about once a second. Waits for the
    /// disk.
    public func checkpoint() throws(LogError) {
        guard log.wantsSnapshot else { return }
        let (state, batch) = publisher.durable()
        let saved = saved.withLock { $0 }
        let handedOver = pending.withLock { $0.state.serial }
        if batch == 0 {
            // Nothing was applied since the start: this is what recovery found.
            return try log.saveSnapshot(state.encoded(), batch: 0)
        }
        guard state.serial > saved.serial || saved.batch == 0 else {
            // The last entry is in a batch that is covered already. An entry that changes nothing
            // leads to a batch as new as the log can want.
            pending.withLock { pending in
                if catchUp(&pending) { submit(CursorsMoved(moves: []), to: &pending.state) }
            }
            return
        }
        // More entries of the same batch may be on their way, unless all that was handed over is
        // applied. They would be found again if only the batch before counts as covered; those
        // that the snapshot has are then passed over by their numbers.
        let covered = max(handedOver == state.serial ? batch : batch - 1, saved.batch)
        try log.saveSnapshot(state.encoded(), batch: covered)
        self.saved.withLock { $0 = Saved(serial: state.serial, batch: covered) }
    }

    /// Drops closed shards that have been closed for longer than their stream keeps records and
    /// have none left. The housekeeper calls it about once a minute.
    public func forgetExpiredShards() {
        var expired: [(stream: UInt64, shards: [ShardID])] = []
        let clock = log.retentionClock
        snapshot.visitStreams { stream in
            guard stream.shards.count > stream.open.count else { return true }
            var shards: [ShardID] = []
            stream.shards.visit { shard in
                if let closed = shard.closedSecond,
                    Int64(closed) * 1000 < stream.cutoff(clock),
                    shard.log.horizon == shard.log.tail
                {
                    shards.append(shard.id)
                }
                return shards.count < CatalogLimits.forgottenShardsPerEntry
            }
            if !shards.isEmpty { expired.append((stream.id, shards)) }
            return true
        }
        for (stream, shards) in expired {
            do throws(CatalogRefusal) {
                try perform(.forgetShards(stream: stream, shards: shards), waiter: nil)
            } catch {
                // The stream was deleted meanwhile, or the log takes no writes: the next call
                // finds what is left.
                continue
            }
        }
    }
}
