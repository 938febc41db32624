internal import Synchronization

/// Records that any thread has encoded for a reader, who then stages them as they lie: with large
/// ones it is the copy and the checksum that take the time.
///
/// They are used once. What is not staged of them is gone with this value.
public struct PreparedRecords: Sendable {
    let block: Block

    /// Room for records of so many bytes in all, each counted by `bytes(key:data:)`.
    /// - Parameter reader: Whose staging will take them.
    public init(reader: Int, bytes: Int) {
        precondition(bytes <= Int(UInt32.max), "a call has less")
        block = Block(reader: reader, capacity: max(bytes, 16))
    }

    /// What a record takes.
    public static func bytes(key: Int, data: Int) -> Int { Record.length(key: key, data: data) }

    public var count: Int { block.count }

    /// Encodes a record behind the others; its ordinal is its place.
    /// - Parameters:
    ///   - partitionKey: at most 65,535 bytes.
    ///   - data: at most 16 MiB less the key.
    public func append(
        _ shard: Shard, hashKey: UInt128, partitionKey: Span<UInt8>, data: Span<UInt8>
    ) {
        precondition(partitionKey.count <= Limits.maximumKeyBytes)
        precondition(partitionKey.count + data.count <= Limits.maximumRecordBytes)
        block.append(
            shard, waiter: 0, ordinal: UInt32(block.count), hashKey: hashKey,
            partitionKey: partitionKey, data: data, minimumIndex: 0,
            length: Record.length(key: partitionKey.count, data: data.count))
    }
}

extension Staging {
    /// Stages records that were prepared for this reader, behind what it has staged before.
    ///
    /// - Parameters:
    ///   - places: Which of them, in ascending order.
    ///   - waiter: comes back in the outcomes, as the ordinal does.
    ///   - minimumIndex: As for `append`.
    ///   - refused: Is told of each that is not staged, and why. When a shard has no room for one,
    ///     none behind it is staged for that shard, so that their order can be kept.
    public func append(
        _ prepared: PreparedRecords, _ places: [Int], waiter: UInt64, minimumIndex: UInt64,
        refused: (_ place: Int, StageResult) -> Void
    ) {
        let block = prepared.block
        precondition(block.reader == reader, "records are prepared for one reader")
        guard !places.isEmpty else { return }
        if let refusal = take(block) {
            for place in places { refused(place, refusal) }
            return
        }
        var kept = 0
        var full: Set<ShardNumber> = []
        for place in places {
            let record = block[place]
            let isBehind = !full.isEmpty && full.contains(record.shard.number)
            guard !isBehind, admits(record.shard, length: Int(record.length)) else {
                full.insert(record.shard.number)
                refused(place, .full)
                continue
            }
            block.keep(place, as: kept, waiter: waiter, minimumIndex: minimumIndex)
            kept += 1
        }
        block.keepFirst(kept)
        if kept == 0 { returnLast(block) }
    }
}
