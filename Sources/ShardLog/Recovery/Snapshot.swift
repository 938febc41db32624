internal import Glibc
internal import Synchronization
internal import System

/// The state that the journal need not be read for: the owner's bytes as of a batch, and where
/// every shard's log had reached.
///
///     offset  size
///          0     8  magic, "WEIRSNP1"
///          8     4  format version
///         12     4  CRC-32C of the bytes from 16 to the end
///         16     8  batch: control entries up to it are in the payload
///         24     8  ceiling, ms
///         32     8  count of shards
///         40     8  bytes of the payload
///         48        shards, 56 bytes each: number 8, created ms 8, flags 8 (1 closed), tail 8,
///                   records 8, last index 8, last arrival ms 8; then the payload
struct Snapshot: Equatable {
    static let magic: UInt64 = 0x3150_4E53_5249_4557
    static let headerBytes = 48
    static let shardBytes = 56

    struct ShardState: Equatable {
        var description: ShardDescription
        var tail: UInt64 = 0
        var records: UInt64 = 0
        var lastIndex: UInt64 = 0
        var lastArrivalMilliseconds: Int64 = 0
    }

    var batch: UInt64
    var ceilingMilliseconds: Int64
    var shards: [ShardState]
    var payload: [UInt8]

    func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.append(Self.magic)
        writer.append(Limits.formatVersion)
        writer.append(UInt32(0))
        writer.append(batch)
        writer.append(ceilingMilliseconds)
        writer.append(UInt64(shards.count))
        writer.append(UInt64(payload.count))
        for shard in shards {
            writer.append(shard.description.number.rawValue)
            writer.append(shard.description.createdMilliseconds)
            writer.append(UInt64(shard.description.isClosed ? 1 : 0))
            writer.append(shard.tail)
            writer.append(shard.records)
            writer.append(shard.lastIndex)
            writer.append(shard.lastArrivalMilliseconds)
        }
        writer.append(payload)
        writer.replace(crc32c(0, writer.bytes.span.extracting(16..<writer.count)), at: 12)
        return writer.bytes
    }

    init(batch: UInt64, ceilingMilliseconds: Int64, shards: [ShardState], payload: [UInt8]) {
        self.batch = batch
        self.ceilingMilliseconds = ceilingMilliseconds
        self.shards = shards
        self.payload = payload
    }

    /// Nil if the bytes are not those of a snapshot.
    init?(_ span: Span<UInt8>) {
        guard span.count >= Self.headerBytes, span.load(0, as: UInt64.self) == Self.magic,
            Limits.formats.contains(span.load(8, as: UInt32.self)),
            span.load(12, as: UInt32.self) == crc32c(0, span.extracting(16..<span.count))
        else { return nil }
        batch = span.load(16, as: UInt64.self)
        ceilingMilliseconds = span.load(24, as: Int64.self)
        let count = span.load(32, as: UInt64.self)
        let bytes = span.load(40, as: UInt64.self)
        guard count <= UInt64(span.count / Self.shardBytes), bytes <= UInt64(span.count),
            Self.headerBytes + Int(count) * Self.shardBytes + Int(bytes) == span.count
        else { return nil }
        shards = []
        shards.reserveCapacity(Int(count))
        var place = Self.headerBytes
        for _ in 0..<count {
            var shard = ShardState(
                description: ShardDescription(
                    number: ShardNumber(rawValue: span.load(place, as: UInt64.self)),
                    createdMilliseconds: span.load(place + 8, as: Int64.self),
                    isClosed: span.load(place + 16, as: UInt64.self) & 1 != 0))
            shard.tail = span.load(place + 24, as: UInt64.self)
            shard.records = span.load(place + 32, as: UInt64.self)
            shard.lastIndex = span.load(place + 40, as: UInt64.self)
            shard.lastArrivalMilliseconds = span.load(place + 48, as: Int64.self)
            shards.append(shard)
            place += Self.shardBytes
        }
        payload = []
        payload.reserveCapacity(Int(bytes))
        while place < span.count {
            payload.append(span[place])
            place += 1
        }
    }
}

extension ShardLog {
    /// Stores the control state as of batch `batch`, so that entries up to it need not be kept.
    /// Waits for the disk. `batch` is that of the last entry that was applied to
    /// the state; 0 if there has been none since the log was opened.
    public func saveSnapshot(_ bytes: [UInt8], batch: UInt64) throws(LogError) {
        let batch = max(batch, snapshotBatch.load(ordering: .relaxed), recoveredBatch)
        let entries = controlsSinceSnapshot.load(ordering: .relaxed)
        // The tails that belong to the batch must be published before they are read, and what is
        // said of them must be durable before the snapshot says it.
        if publishedBatch.load(ordering: .acquiring) < batch { waitForSync() }
        // Batches after it that changed nothing of the control state are covered as well.
        let published = publishedBatch.load(ordering: .acquiring)
        let isLatest = appliedBatch.load(ordering: .acquiring) <= batch
        let covered = isLatest ? max(batch, published) : batch
        let states = shardStates()
        if configuration.durability != .commit { waitForSync() }
        if case .refusing(let reason) = health {
            throw LogError(.refusing(reason))
        }
        let snapshot = Snapshot(
            batch: covered,
            ceilingMilliseconds: nodeTime.durableCeiling.load(ordering: .sequentiallyConsistent),
            shards: states, payload: bytes)
        try write(snapshot.encoded())
        snapshotBatch.store(covered, ordering: .releasing)
        needsSnapshot.store(false, ordering: .releasing)
        controlsSinceSnapshot.subtract(entries, ordering: .relaxed)
    }

    /// The journal holds more control entries than it should: call `saveSnapshot` soon.
    public var wantsSnapshot: Bool {
        if needsSnapshot.load(ordering: .acquiring) { return true }
        if controlsSinceSnapshot.load(ordering: .relaxed) >= Limits.controlEntriesPerSnapshot {
            return true
        }
        guard let full = journal.newestFull else { return false }
        return full > snapshotBatch.load(ordering: .relaxed)
    }

    private func shardStates() -> [Snapshot.ShardState] {
        let all = shards.withLock { Array($0.values) }
        return all.sorted { $0.number < $1.number }.map { shard in
            // The numbers may be of a later batch than the tail, never of an earlier one: recovery
            // adds what the journal says of later batches.
            let tail = shard.settledTail.load(ordering: .sequentiallyConsistent)
            return Snapshot.ShardState(
                description: ShardDescription(
                    number: shard.number, createdMilliseconds: shard.createdMilliseconds,
                    isClosed: shard.isClosed),
                tail: tail,
                records: shard.publishedRecords.load(ordering: .sequentiallyConsistent),
                lastIndex: shard.lastIndex,
                lastArrivalMilliseconds: shard.lastArrivalMilliseconds)
        }
    }

    /// Writes the file beside the old one and puts it in its place; from the reserve if need be.
    private func write(_ bytes: [UInt8]) throws(LogError) {
        let root = configuration.folder
        let files = configuration.files
        do throws(SystemError) {
            try withReserve(bytes: UInt64(bytes.count)) { () throws(SystemError) in
                try writeNew(bytes)
            }
            try files.rename(Folder.newSnapshot(root), to: Folder.snapshot(root))
            try files.syncFolder(root)
        } catch {
            throw LogError(error, file: Folder.snapshot(root))
        }
    }

    private func writeNew(_ bytes: [UInt8]) throws(SystemError) {
        let file = try configuration.files.open(
            Folder.newSnapshot(configuration.folder), create: true)
        try file.truncate(length: 0)
        try file.write(bytes, at: 0)
        try file.sync()
    }
}
