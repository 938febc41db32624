import Access
import Catalog
import Kinesis
import ShardLog

/// What a thread that decodes a large put needs, to encode its records for the log as well.
struct PutPreparation: Sendable {
    let snapshot: CatalogSnapshot
    let caller: Caller
    /// Whose staging takes them.
    let reader: Int
    /// Where a stream that spreads its records goes on.
    let turn: Int

    /// The records of a put as the log wants them; nil if there is no such stream now. Whether the
    /// caller may write to it, and may now, is decided by the reactor.
    func prepare(_ source: PutInput) -> PreparedPut? {
        guard let stream = snapshot.stream(key(source.stream)), stream.open.count > 0 else {
            return nil
        }
        let count = source.count
        var bytes = 0
        for ordinal in 0..<count { bytes += source.preparedBytes(ordinal) }
        let records = PreparedRecords(reader: reader, bytes: bytes)
        var shards: [ShardState] = []
        shards.reserveCapacity(count)
        for ordinal in 0..<count {
            let shard: ShardState
            let hashKey: UInt128
            switch stream.distribution {
            case .userPartitionKey:
                hashKey = source.hashKey(ordinal)
                shard = stream.openShard(for: hashKey)
            case .auto:
                shard = stream.open[(turn &+ ordinal) % stream.open.count]
                hashKey = shard.range.start
            }
            shards.append(shard)
            source.append(ordinal, to: records, shard.log, hashKey: hashKey)
        }
        return PreparedPut(
            stream: stream.id, distribution: stream.distribution, shards: shards, records: records)
    }

    private func key(_ selector: StreamSelector) -> StreamKey {
        guard let arn = selector.arn else {
            return StreamKey(
                account: caller.account, region: caller.region, name: selector.name)
        }
        return StreamKey(account: arn.account, region: arn.region, name: arn.name)
    }
}

/// Records of a large put, encoded for the shards that they belonged to when that was done.
struct PreparedPut: Sendable {
    let stream: UInt64
    let distribution: RecordDistributionStrategy
    /// By the records' places.
    let shards: [ShardState]
    let records: PreparedRecords

    /// Whether they were encoded for this stream, and as it spreads its records now.
    func isFor(_ stream: StreamState) -> Bool {
        stream.id == self.stream && stream.distribution == distribution
    }

    /// The shard that a record was encoded for, as it is now; nil if it takes no records any more.
    func shard(_ ordinal: Int, in stream: StreamState) -> ShardState? {
        guard let shard = stream.shards[shards[ordinal].id.index], !shard.isClosed else {
            return nil
        }
        return shard
    }
}

extension PutInput {
    fileprivate func preparedBytes(_ ordinal: Int) -> Int {
        switch self {
        case .single(let input):
            PreparedRecords.bytes(key: input.partitionKey.count, data: input.data.count)
        case .batch(let input):
            PreparedRecords.bytes(
                key: input.partitionKey(ordinal).count, data: input.data(ordinal).count)
        }
    }

    fileprivate func append(
        _ ordinal: Int, to records: PreparedRecords, _ shard: Shard, hashKey: UInt128
    ) {
        switch self {
        case .single(let input):
            records.append(
                shard, hashKey: hashKey, partitionKey: input.partitionKey, data: input.data)
        case .batch(let input):
            records.append(
                shard, hashKey: hashKey, partitionKey: input.partitionKey(ordinal),
                data: input.data(ordinal))
        }
    }
}
