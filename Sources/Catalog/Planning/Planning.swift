internal import Kinesis
internal import ShardLog

/// A change that was validated: the entry that makes it, and what the caller is told.
struct Plan {
    var entry: any Entry
    var result: CatalogResult
}

extension CatalogState {
    /// Validates a change that is asked for at `second`, which is not below `self.second`, and
    /// decides everything that the entry will say. Each kind's rules are in its file.
    /// - Parameter clock: for what lasts a time. The catalog's own second may be ahead of it, where
    ///   a clock was ahead once, and stands still then.
    func plan(
        _ change: CatalogChange, at second: UInt64, on clock: RetentionClock? = nil,
        under rules: CatalogRules = CatalogRules()
    ) throws(CatalogRefusal) -> Plan {
        let clock = clock ?? RetentionClock(now: Int64(second) * 1000)
        return switch change {
        case .createStream(let request):
            try StreamCreated.plan(request, in: self, at: second, under: rules)
        case .deleteStream(let key, let enforceConsumerDeletion):
            try StreamDeleted.plan(key, enforceConsumerDeletion, in: self, under: rules)
        case .updateStream(let key, let update):
            try plan(update, of: key, at: second, on: clock, under: rules)
        case .splitShard(let key, let shard, let hashKey):
            try ShardSplit.plan(key, shard, hashKey, in: self, at: second, under: rules)
        case .scaleUp(let stream, let shard, let hashKey):
            try ShardSplit.plan(
                automatic: stream, shard, hashKey, in: self, at: second, under: rules)
        case .mergeShards(let key, let shard, let adjacent):
            try ShardsMerged.plan(key, shard, adjacent, in: self, at: second, under: rules)
        case .registerConsumer(let key, let name, let tags):
            try ConsumerRegistered.plan(key, name, tags, in: self, at: second, under: rules)
        case .deregisterConsumer(let key, let name, let createdSecond):
            try ConsumerDeregistered.plan(key, name, createdSecond, in: self, under: rules)
        case .updateConsumer(let key, let name, let createdSecond, let update):
            try ConsumerConfigured.plan(key, name, createdSecond, update, in: self)
        case .updateCommitment(let account, let isEnabled):
            try CommitmentChanged.plan(
                account, isEnabled: isEnabled, in: self, at: second, on: clock)
        case .commitCursor(let consumer, let shard, let point):
            try CursorCommitted.plan(
                CursorKey(consumer: consumer, shard: shard), point, in: self)
        case .forgetShards(let stream, let shards):
            try ShardsForgotten.plan(stream, shards, in: self)
        case .endTransition(let inTransition, let since):
            try endTransition(inTransition, since: since, at: second)
        }
    }

    func find(_ key: StreamKey) throws(CatalogRefusal) -> StreamState {
        guard let stream = stream(key) else { throw .streamNotFound(key) }
        return stream
    }

    /// The stream of a change that needs it to be active.
    func findActive(_ key: StreamKey) throws(CatalogRefusal) -> StreamState {
        let stream = try find(key)
        guard stream.status == .active else {
            throw .streamNotActive(key, status: stream.status)
        }
        return stream
    }

    /// The consumer of a change that needs it to be active; if a second is given, only the one
    /// that was created then.
    func findActiveConsumer(
        _ key: StreamKey, _ name: String, _ createdSecond: UInt64?
    ) throws(CatalogRefusal) -> (StreamState, ConsumerState) {
        let stream = try find(key)
        guard let consumer = stream.consumer(named: name),
            createdSecond == nil || createdSecond == consumer.createdSecond
        else { throw .consumerNotFound(key, name: name) }
        guard consumer.status == .active else {
            throw .consumerNotActive(key, name: name, createdSecond: consumer.createdSecond)
        }
        return (stream, consumer)
    }

    /// Room for more shards on the node.
    func checkRoom(for additional: Int, key: StreamKey) throws(CatalogRefusal) {
        guard shards.count + additional <= CatalogLimits.shards else {
            throw .shardLimit(
                account: key.account, region: key.region, stream: nil, current: shards.count,
                limit: CatalogLimits.shards, additional: additional)
        }
    }
}

extension StreamState {
    /// The last second of shards that are closed now.
    ///
    /// Their children begin with the next one: above the parents' creation whatever the clock
    /// says, so that starting numbers are above the parents' ending numbers; and such that for
    /// every second one generation covers the hash keys, without gap or overlap.
    func closingSecond(
        of parents: [ShardState], at second: UInt64
    ) throws(CatalogRefusal) -> UInt64 {
        var closing = second
        for parent in parents { closing = Swift.max(closing, parent.createdSecond) }
        guard closing < SequenceNumber.greatestSecond - 1 else { throw .secondsExhausted(key) }
        return closing
    }

    /// The shard of a change that needs it to be open.
    func findOpen(_ id: ShardID) throws(CatalogRefusal) -> ShardState {
        guard let shard = shards[id.index] else { throw .shardNotFound(key, shard: id) }
        guard !shard.isClosed else { throw .shardClosed(key, shard: id) }
        return shard
    }
}
