internal import Metrics
internal import Synchronization

extension Committer {
    /// Puts the controls' effects where everybody sees them: shards into the table, payloads to
    /// their owner.
    func applyControls(_ number: UInt64) {
        guard !controls.isEmpty else { return }
        if !opened.isEmpty { log.addShards(opened) }
        for control in controls {
            apply(control.entry.payload, number)
            for removed in control.entry.removes { log.removeShard(removed) }
        }
        log.appliedBatch.store(number, ordering: .releasing)
        log.controlsSinceSnapshot.add(UInt64(controls.count), ordering: .relaxed)
    }

    /// Stores the new tails and wakes who sleeps below them.
    func publish(_ number: UInt64) {
        for extent in extents {
            for (segment, mark) in extent.marks {
                segment.state.withLock { $0.index.append(mark) }
            }
            let shard = extent.shard
            if !extent.begun.isEmpty {
                let begun = extent.begun
                shard.segments.withLock { $0.append(contentsOf: begun) }
            }
            let writer = shard.committerSide
            shard.stagedBytes.subtract(
                Int(writer.position - extent.start), ordering: .relaxed)
            writer.slot = -1
            let cells = ShardCells(shard: shard, taken: ShardCells.Taken())
            var publication = Publication(
                word: word(writer), index: writer.lastIndex,
                arrivalMilliseconds: writer.lastArrivalMilliseconds)
            while !publication.isDone { publication.step(cells) }
            shard.publishedRecords.store(writer.records, ordering: .sequentiallyConsistent)
            noteWakes(cells)
        }
        for shard in changed {
            let cells = ShardCells(shard: shard, taken: ShardCells.Taken())
            var publisher = Publisher(tail: word(shard.committerSide))
            while !publisher.isDone { publisher.step(cells) }
            noteWakes(cells)
        }
        log.publishedBatch.store(number, ordering: .releasing)
    }

    /// The tail and the flags as readers are to see them.
    private func word(_ writer: ShardWriter) -> UInt64 {
        switch writer.state {
        case .open: writer.position
        case .closed: writer.position | Shard.closedBit
        case .removed: writer.position | Shard.closedBit | Shard.removedBit
        }
    }

    private func noteWakes(_ cells: ShardCells) {
        guard let taken = cells.taken, taken.readers != 0 else { return }
        let shard = cells.shard
        for reader in 0..<Limits.readers where taken.readers & (1 << UInt64(reader)) != 0 {
            log.mailboxes[reader].incoming.withLock { $0.advanced.append(shard.number) }
            readersToWake |= 1 << UInt64(reader)
        }
    }

    /// Gives blocks and controls back with what became of them, one wake for each reader.
    func complete() {
        log.oldestStaged.store(0, ordering: .relaxed)
        for block in blocks { post(block) }
        let batch = lastNumber
        for control in controls {
            guard let waiter = control.waiter else { continue }
            log.mailboxes[waiter.reader].incoming.withLock {
                $0.controls.append((waiter.token, .applied(batch: batch)))
            }
            readersToWake |= 1 << UInt64(waiter.reader)
        }
        wakeReaders()
    }

    /// Gives everything back unacknowledged.
    func fail() {
        log.oldestStaged.store(0, ordering: .relaxed)
        for extent in extents { extent.shard.committerSide.slot = -1 }
        for block in blocks {
            for place in 0..<block.count {
                switch block[place].status {
                case .waiting:
                    refuse(block, place)
                case .stored:
                    block.settle(place, .failed)
                    log.counters.failed.add()
                case .shardClosed, .shardGone, .failed:
                    break
                }
            }
            post(block)
        }
        for control in controls {
            log.counters.failed.add()
            guard let waiter = control.waiter else { continue }
            log.mailboxes[waiter.reader].incoming.withLock {
                $0.controls.append((waiter.token, .failed))
            }
            readersToWake |= 1 << UInt64(waiter.reader)
        }
        wakeReaders()
    }

    func post(_ block: Block) {
        if block.capacity > Limits.blockBytes { block.hollow() }
        log.mailboxes[block.reader].incoming.withLock { $0.blocks.append(block) }
        readersToWake |= 1 << UInt64(block.reader)
    }

    private func wakeReaders() {
        guard readersToWake != 0 else { return }
        for reader in 0..<Limits.readers where readersToWake & (1 << UInt64(reader)) != 0 {
            let wake = log.mailboxes[reader].wake.withLock { $0 }
            wake?.call()
        }
        readersToWake = 0
    }
}
