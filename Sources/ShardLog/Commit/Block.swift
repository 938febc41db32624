/// What a reader notes of a record besides its bytes, and where the committer writes what became
/// of it.
struct StagedRecord {
    enum Status: UInt8 {
        case waiting
        case stored
        case shardClosed
        case shardGone
        case failed
    }

    let shard: Shard
    var waiter: UInt64
    var minimumIndex: UInt64
    /// The checksum of all but the bytes that the committer stamps.
    let partialChecksum: UInt32
    let ordinal: UInt32
    let offset: UInt32
    let length: UInt32
    var index: UInt64 = 0
    var arrivalMilliseconds: Int64 = 0
    var status = Status.waiting
}

/// Encoded records on their way from a reader to the committer and back.
///
/// A block has one owner at a time: the reader that fills it, then whoever took it out of the
/// mutex that it was handed over in, and at the end the reader again. That is why it may cross
/// threads although it has no lock: every hand-over happens inside a `Mutex`.
@safe final class Block: @unchecked Sendable {
    private let memory: UnsafeMutableRawPointer
    /// Bytes that count against the budget.
    let capacity: Int
    // Whether there are no bytes any more, only what became of the records.
    private var isHollow = false
    private(set) var used = 0
    private var records: UnsafeMutablePointer<StagedRecord>
    private var recordCapacity: Int
    private(set) var count = 0
    /// Monotonic nanoseconds at which the first record was staged.
    var stagedAt: UInt64 = 0
    let reader: Int

    init(reader: Int, capacity: Int) {
        self.reader = reader
        self.capacity = capacity
        recordCapacity = 64
        // Freed by `deinit`; nobody keeps a pointer beyond the block's life.
        unsafe memory = .allocate(byteCount: capacity, alignment: 16)
        unsafe records = .allocate(capacity: recordCapacity)
    }

    deinit {
        removeAll()
        unsafe records.deallocate()
        if !isHollow { unsafe memory.deallocate() }
    }

    /// Gives the bytes up, for a large block that goes back to its reader: it has no use for them,
    /// and to free them takes a while.
    func hollow() {
        guard !isHollow else { return }
        isHollow = true
        used = capacity
        // No piece of it is gathered any more, and nothing has room behind `used`.
        unsafe memory.deallocate()
    }

    /// A block with the same records, for who keeps them when this one goes back to its reader.
    func copy() -> Block {
        let made = Block(reader: reader, capacity: max(used, 16))
        // Both have room for what is used of this one, and nobody else has either.
        unsafe made.memory.copyMemory(from: memory, byteCount: used)
        while made.recordCapacity < count { made.growRecords() }
        for place in 0..<count {
            unsafe (made.records + place).initialize(to: records[place])
            made.count += 1
        }
        made.used = used
        made.stagedAt = stagedAt
        return made
    }

    /// Keeps record `place` as the next of those that are staged, in order; see `keepFirst`.
    func keep(_ place: Int, as kept: Int, waiter: UInt64, minimumIndex: UInt64) {
        precondition(kept <= place && place < count)
        if kept != place { unsafe records[kept] = records[place] }
        unsafe records[kept].waiter = waiter
        unsafe records[kept].minimumIndex = minimumIndex
    }

    /// Forgets the records behind the first so many.
    func keepFirst(_ kept: Int) {
        precondition(kept <= count)
        unsafe (records + kept).deinitialize(count: count - kept)
        count = kept
    }

    func hasRoom(_ length: Int) -> Bool {
        capacity - used >= length
    }

    func removeAll() {
        unsafe records.deinitialize(count: count)
        count = 0
        used = 0
    }

    /// Encodes a record behind the others; see `Record` for the bytes.
    func append(
        _ shard: Shard, waiter: UInt64, ordinal: UInt32, hashKey: UInt128,
        partitionKey: Span<UInt8>, data: Span<UInt8>, minimumIndex: UInt64, length: Int
    ) {
        precondition(hasRoom(length))
        // The `length` bytes from `start` are inside the block's memory, as just checked, and
        // every store below is inside them by the definition of the record's length.
        let start = unsafe memory + used
        unsafe start.storeBytes(of: UInt32(length).littleEndian, as: UInt32.self)
        unsafe start.storeBytes(
            of: shard.number.rawValue.littleEndian, toByteOffset: 24, as: UInt64.self)
        unsafe start.storeBytes(of: hashKey.littleEndian, toByteOffset: 32, as: UInt128.self)
        unsafe start.storeBytes(
            of: UInt32(data.count).littleEndian, toByteOffset: 48, as: UInt32.self)
        unsafe start.storeBytes(
            of: UInt16(partitionKey.count).littleEndian, toByteOffset: 52, as: UInt16.self)
        unsafe start.storeBytes(of: 0, toByteOffset: 54, as: UInt16.self)
        var offset = Record.headerBytes
        unsafe partitionKey.withUnsafeBytes {
            unsafe (start + offset).copyMemory(
                from: $0.baseAddress ?? UnsafeRawPointer(start), byteCount: $0.count)
        }
        offset += partitionKey.count
        unsafe data.withUnsafeBytes {
            unsafe (start + offset).copyMemory(
                from: $0.baseAddress ?? UnsafeRawPointer(start), byteCount: $0.count)
        }
        offset += data.count
        unsafe (start + offset).initializeMemory(
            as: UInt8.self, repeating: 0, count: length - offset)
        var sum = unsafe crc32c(0, start + Record.bodyOffset, length - Record.bodyOffset)
        sum = unsafe crc32c(sum, start, 4)
        if count == recordCapacity { growRecords() }
        unsafe (records + count).initialize(
            to: StagedRecord(
                shard: shard, waiter: waiter, minimumIndex: minimumIndex, partialChecksum: sum,
                ordinal: ordinal, offset: UInt32(used), length: UInt32(length)))
        count += 1
        used += length
    }

    private func growRecords() {
        // The old array is given up only when its elements have moved.
        let larger = UnsafeMutablePointer<StagedRecord>.allocate(
            capacity: recordCapacity * 2)
        unsafe larger.moveInitialize(from: records, count: count)
        unsafe records.deallocate()
        unsafe records = larger
        recordCapacity *= 2
    }

    subscript(_ place: Int) -> StagedRecord {
        precondition(place < count)
        return unsafe records[place]
    }

    func settle(_ place: Int, _ status: StagedRecord.Status) {
        precondition(place < count)
        unsafe records[place].status = status
    }

    /// Gives a record its number and time, and returns its checksum.
    func stamp(_ place: Int, index: UInt64, arrivalMilliseconds: Int64) -> UInt32 {
        precondition(place < count)
        let record = unsafe records + place
        unsafe record.pointee.index = index
        unsafe record.pointee.arrivalMilliseconds = arrivalMilliseconds
        unsafe record.pointee.status = .stored
        let start = unsafe memory + Int(record.pointee.offset)
        unsafe start.storeBytes(of: index.littleEndian, toByteOffset: 8, as: UInt64.self)
        unsafe start.storeBytes(
            of: arrivalMilliseconds.littleEndian, toByteOffset: 16, as: Int64.self)
        let sum = unsafe crc32c(
            record.pointee.partialChecksum, start + Record.stampedOffset, Record.stampedBytes)
        unsafe start.storeBytes(of: sum.littleEndian, toByteOffset: 4, as: UInt32.self)
        return sum
    }

    /// Adds bytes of this block to a list of pieces. The block must outlive the list's use.
    func gather(_ range: Range<Int>, into gather: inout Gather) {
        precondition(range.lowerBound >= 0 && range.upperBound <= used)
        // The committer, which owns the block now, writes the list before it gives the block back.
        unsafe gather.append(memory + range.lowerBound, range.count)
    }
}
