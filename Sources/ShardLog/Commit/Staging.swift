internal import Metrics
internal import Synchronization
internal import System

/// Where one reader's records wait for the committer. Owned by the reader's thread; no lock is
/// held while a record is encoded.
public final class Staging {
    public let reader: Int
    private let log: ShardLog
    private let mailbox: Mailbox
    /// Being filled in this turn.
    private var current: Block?
    /// Filled in this turn; handed over with `current`.
    private var full: [Block] = []
    private var pool: [Block] = []
    /// Finished by the committer, and how much of it the reader has heard of.
    private var taken = Mailbox.Incoming()
    private var takenBlocks = 0
    private var takenRecords = 0
    private var takenControls = 0
    private var takenShards = 0
    private var isTurnOpen = false
    private var isOverdue = false
    private var turnNanoseconds: UInt64 = 0

    init(reader: Int, log: ShardLog) {
        self.reader = reader
        self.log = log
        mailbox = log.mailboxes[reader]
    }

    /// Encodes a record into the buffer.
    /// - Parameters:
    ///   - waiter: comes back in the outcome.
    ///   - ordinal: comes back in the outcome.
    ///   - partitionKey: at most 65,535 bytes.
    ///   - data: at most 16 MiB less the key.
    ///   - minimumIndex: the record's index will be above this number, if that is a number the
    ///     shard can have given out; 0 for none.
    public func append(
        _ shard: Shard, waiter: UInt64, ordinal: UInt32, hashKey: UInt128,
        partitionKey: Span<UInt8>, data: Span<UInt8>, minimumIndex: UInt64
    ) -> StageResult {
        precondition(partitionKey.count <= Limits.maximumKeyBytes)
        precondition(partitionKey.count + data.count <= Limits.maximumRecordBytes)
        guard log.condition.isStaging.load(ordering: .relaxed) else { return .refusing }
        if !isTurnOpen { beginTurn() }
        let length = Record.length(key: partitionKey.count, data: data.count)
        guard !isOverdue, let block = block(for: length) else { return refuse() }
        guard admits(shard, length: length) else { return .full }
        if block.count == 0 { block.stagedAt = turnNanoseconds }
        block.append(
            shard, waiter: waiter, ordinal: ordinal, hashKey: hashKey, partitionKey: partitionKey,
            data: data, minimumIndex: minimumIndex, length: length)
        return .staged
    }

    /// Charges a record to its shard's share; counts it as refused if there is no room.
    @inline(__always)
    func admits(_ shard: Shard, length: Int) -> Bool {
        let share = max(
            log.configuration.stagingBytes / Limits.stagingShares, length)
        if shard.stagedBytes.add(length, ordering: .relaxed).newValue <= share { return true }
        shard.stagedBytes.subtract(length, ordering: .relaxed)
        _ = refuse()
        return false
    }

    /// Takes a block that another thread has filled, within the budget; or says why not.
    func take(_ block: Block) -> StageResult? {
        guard log.condition.isStaging.load(ordering: .relaxed) else { return .refusing }
        if !isTurnOpen { beginTurn() }
        guard !isOverdue, charge(block.capacity) else { return refuse() }
        if let before = current {
            if before.count > 0 { full.append(before) } else { release(before) }
            current = nil
        }
        block.stagedAt = turnNanoseconds
        full.append(block)
        return nil
    }

    /// Takes back a block that was taken last, and of which nothing is staged.
    func returnLast(_ block: Block) {
        let last = full.popLast()
        precondition(last === block, "another block was taken since")
        release(block)
    }

    /// Gives what was staged to the committer. Call it once at the end of the reader's turn.
    public func handOver() {
        isTurnOpen = false
        guard current != nil || !full.isEmpty else { return }
        var blocks = full
        full.removeAll(keepingCapacity: true)
        if let block = current {
            current = nil
            if block.count > 0 { blocks.append(block) } else { release(block) }
        }
        guard !blocks.isEmpty else { return }
        let handed = blocks
        mailbox.outgoing.withLock { $0.append(contentsOf: handed) }
        log.signal.post()
    }

    /// Takes what the committer has finished since the last call, of at most `limit` records and
    /// while `hasTime`, which is asked after each thing; answers whether anything is left, for which
    /// to call again. Call it after a wake.
    @discardableResult
    public func drain(
        limit: Int = .max,
        hasTime: () -> Bool = { true },
        completed: (RecordOutcome) -> Void,
        control: (_ token: UInt64, ControlOutcome) -> Void,
        advanced: (ShardNumber) -> Void
    ) -> Bool {
        // What came meanwhile came with a wake that is used up: it is for the next call.
        let isCarriedOver = !taken.isEmpty
        if !isCarriedOver {
            mailbox.incoming.withLock { swap(&$0, &taken) }
        }
        var left = limit
        while takenBlocks < taken.blocks.count {
            let block = taken.blocks[takenBlocks]
            while takenRecords < block.count {
                if left == 0 { return true }
                left -= 1
                let record = block[takenRecords]
                takenRecords += 1
                completed(
                    RecordOutcome(
                        waiter: record.waiter, ordinal: record.ordinal, result: record.result))
                if !hasTime() { return true }
            }
            release(block)
            takenBlocks += 1
            takenRecords = 0
        }
        let rest = taken
        for place in takenControls..<rest.controls.count {
            control(rest.controls[place].token, rest.controls[place].outcome)
            if !hasTime() {
                takenControls = place + 1
                return true
            }
        }
        takenControls = rest.controls.count
        for place in takenShards..<rest.advanced.count {
            advanced(rest.advanced[place])
            if !hasTime() {
                takenShards = place + 1
                return true
            }
        }
        taken = Mailbox.Incoming()
        takenBlocks = 0
        takenControls = 0
        takenShards = 0
        return isCarriedOver
    }

    /// Reads the clock once, and takes back the last block if the committer has not got to it.
    private func beginTurn() {
        isTurnOpen = true
        turnNanoseconds = MonotonicClock.nanoseconds
        let oldest = log.oldestStaged.load(ordering: .relaxed)
        let age = UInt64(log.configuration.stagingAgeMilliseconds) * 1_000_000
        isOverdue = oldest != 0 && turnNanoseconds > oldest && turnNanoseconds - oldest > age
        if current == nil {
            current = mailbox.outgoing.withLock { $0.popLast() }
        }
    }

    /// A block with room, within the budget.
    private func block(for length: Int) -> Block? {
        if let block = current {
            if block.hasRoom(length) { return block }
            full.append(block)
            current = nil
        }
        let capacity = max(Limits.blockBytes, roundedUp(length, to: Limits.pageBytes))
        guard charge(capacity) else { return nil }
        let block =
            capacity == Limits.blockBytes
            ? pool.popLast() ?? Block(reader: reader, capacity: capacity)
            : Block(reader: reader, capacity: capacity)
        current = block
        return block
    }

    private func charge(_ capacity: Int) -> Bool {
        let after = log.counters.stagedBytes.add(UInt64(capacity), ordering: .relaxed).newValue
        // One block each is always allowed, or a budget below it would refuse everything.
        guard after > UInt64(log.configuration.stagingBytes), after > UInt64(capacity) else {
            return true
        }
        log.counters.stagedBytes.subtract(UInt64(capacity), ordering: .relaxed)
        return false
    }

    private func release(_ block: Block) {
        log.counters.stagedBytes.subtract(UInt64(block.capacity), ordering: .relaxed)
        block.removeAll()
        if block.capacity == Limits.blockBytes, pool.count < Limits.pooledBlocks {
            pool.append(block)
        }
    }

    private func refuse() -> StageResult {
        log.counters.refusedFull.add()
        return .full
    }
}

extension StagedRecord {
    fileprivate var result: RecordOutcome.Result {
        switch status {
        case .stored: .stored(index: index, arrivalMilliseconds: arrivalMilliseconds)
        case .shardClosed: .shardClosed
        case .shardGone: .shardGone
        case .failed, .waiting: .failed
        }
    }
}
