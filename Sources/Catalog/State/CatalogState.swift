internal import Kinesis
internal import ShardLog

/// What the control entries make, and nothing else: no clock, no locks, no I/O.
///
/// Two states live side by side: the pending one, which has every entry that was handed to the
/// log, and against which changes are validated; and the published one, which has those that are
/// durable. Both take the same entries in the same order, so they agree. The value is cheap to
/// keep a copy of: its maps share structure with their later versions.
struct CatalogState: Sendable {
    /// The number of the last entry; each entry carries the next one.
    var serial: UInt64 = 0
    /// The number of the entry whose change is being made.
    var applying: UInt64 = 0
    /// Entries are missing, and those behind them need not fit.
    var hasDiverged = false
    /// The latest second that an entry has carried. Changes happen at the wall clock or at this,
    /// whichever is later, so that the catalog's time does not go back.
    var second: UInt64 = 0
    var nextStream: UInt64 = 1
    var nextShard: UInt64 = 1
    var nextConsumer: UInt64 = 1

    private(set) var streams = SortedMap<UInt64, StreamState>()
    private(set) var names: [AccountRegion: SortedMap<String, UInt64>] = [:]
    private(set) var shards = SortedMap<ShardNumber, ShardPlace>()
    /// The stream of each consumer.
    private(set) var consumers = SortedMap<UInt64, UInt64>()
    private(set) var cursors = SortedMap<CursorKey, Cursor>()
    /// The highest second that a deleted stream has used, by its name; only those that a new
    /// stream of the name could collide with, so only seconds that are not over yet.
    private(set) var retired: [StreamKey: UInt64] = [:]

    /// By account.
    private(set) var commitments: [String: Commitment] = [:]

    // Derived from the streams, so neither written nor read.

    private(set) var usages: [AccountRegion: AccountUsage] = [:]
    /// With the number of the entry by which the status began; 0 for those of a snapshot.
    private(set) var inTransition: [ResourceInTransition: UInt64] = [:]
    /// The streams of ephemeral consumers, by the consumers' numbers.
    private(set) var ephemerals = SortedMap<UInt64, UInt64>()

    /// False in the pending state, which passes their moves over.
    private(set) var keepsCursors = true
    /// Gives the records of a shard that an entry opens; nil in the pending state.
    var attach: (@Sendable (ShardNumber) -> Shard?)?

    /// This state for planning, or for readers: cursors are looked at in neither.
    func withoutCursors() -> CatalogState {
        var state = self
        state.cursors = SortedMap()
        state.keepsCursors = false
        return state
    }

    func stream(_ key: StreamKey) -> StreamState? {
        guard let id = names[AccountRegion(key)]?[key.name] else { return nil }
        return streams[id]
    }

    /// The stream of an entry, which must be there.
    func present(_ id: UInt64) throws(CatalogError) -> StreamState {
        guard let stream = streams[id] else {
            throw CatalogError(.inconsistent("there is no stream \(id)"))
        }
        return stream
    }

    /// Adds a stream that was not there.
    mutating func insert(_ stream: StreamState) {
        store(stream)
        names[AccountRegion(stream.key), default: SortedMap()].set(stream.name, stream.id)
        for shard in stream.shards {
            shards.set(
                shard.number, ShardPlace(stream: stream.id, index: shard.id.index))
        }
        for consumer in stream.consumers {
            consumers.set(consumer.id, stream.id)
            mark(consumer)
        }
        nextStream = max(nextStream, stream.id + 1)
    }

    /// Puts a version of a stream in its place, and keeps what is derived from it.
    private mutating func store(_ stream: StreamState) {
        let accountRegion = AccountRegion(stream.key)
        let present = streams[stream.id]
        if let present { usages[accountRegion]?.count(present, -1) }
        usages[accountRegion, default: AccountUsage()].count(stream, 1)
        streams.set(stream.id, stream)
        if stream.status == .active {
            inTransition[.stream(stream.id)] = nil
        } else if present?.status != stream.status {
            inTransition[.stream(stream.id)] = applying
        }
    }

    /// Keeps in mind whether a consumer is in a status that it does not stay in, and whether it is
    /// ephemeral. It is in the index of consumers already.
    mutating func mark(_ consumer: ConsumerState) {
        if consumer.isEphemeral, let stream = consumers[consumer.id] {
            ephemerals.set(consumer.id, stream)
        } else {
            ephemerals.remove(consumer.id)
        }
        if consumer.status == .active {
            inTransition[.consumer(consumer.id)] = nil
        } else if inTransition[.consumer(consumer.id)] == nil {
            // From the one such status there is no way into the other.
            inTransition[.consumer(consumer.id)] = applying
        }
    }

    /// Puts the next version of a stream in the place of the present one, whose shards it keeps.
    mutating func update(_ stream: StreamState) {
        store(stream)
    }

    /// Puts the next version of a consumer in the place of the present one.
    mutating func update(_ consumer: ConsumerState, of stream: StreamState) {
        var consumers = stream.consumers
        let place = stream.place(ofConsumer: consumer.name)
        precondition(consumers[place].id == consumer.id, "another consumer has this name")
        consumers[place] = consumer
        store(stream.replacing(consumers: consumers))
        mark(consumer)
    }

    /// Closes shards of a stream, given in the order of their ranges, and opens those that take
    /// their ranges over.
    mutating func replace(
        _ parents: [ShardState], of stream: StreamState, by children: [ShardState],
        closedSecond: UInt64
    ) {
        guard let first = parents.first else { return }
        var table = stream.shards
        let indices = children.map(\.id.index)
        for parent in parents {
            table.set(parent.closed(at: closedSecond, children: indices))
        }
        let children = children.map { attached($0) }
        for child in children {
            table.set(child)
            shards.set(child.number, ShardPlace(stream: stream.id, index: child.id.index))
            nextShard = max(nextShard, child.number.rawValue + 1)
        }
        var open = stream.open
        open.replace(parents.count, from: first.range.start, by: children)
        store(
            stream.replacing(
                shards: table, open: open,
                nextShardIndex: stream.nextShardIndex + UInt32(children.count)
            ).updated)
    }

    /// Puts the shards of a stream that was resized in the place of the present ones.
    mutating func replaceShards(
        of stream: StreamState, by changed: [ShardState], added: [ShardState]
    ) {
        var table = stream.shards
        for shard in changed { table.set(shard) }
        for shard in added {
            let shard = attached(shard)
            table.set(shard)
            shards.set(shard.number, ShardPlace(stream: stream.id, index: shard.id.index))
            nextShard = max(nextShard, shard.number.rawValue + 1)
        }
        var open: [ShardState] = []
        for shard in table where !shard.isClosed { open.append(shard) }
        open.sort { $0.range.start < $1.range.start }
        store(
            stream.replacing(
                shards: table, open: RoutingTable(open),
                nextShardIndex: stream.nextShardIndex + UInt32(added.count)
            ).updated)
    }

    /// Removes a stream with its shards, consumers and cursors.
    mutating func remove(_ stream: StreamState) {
        for consumer in stream.consumers { remove(consumer: consumer.id) }
        for shard in stream.shards { shards.remove(shard.number) }
        streams.remove(stream.id)
        inTransition[.stream(stream.id)] = nil
        let accountRegion = AccountRegion(stream.key)
        usages[accountRegion]?.count(stream, -1)
        if usages[accountRegion]?.isEmpty == true { usages[accountRegion] = nil }
        names[accountRegion]?.remove(stream.name)
        if names[accountRegion]?.isEmpty == true { names[accountRegion] = nil }
        let highest = stream.highestSecond
        if highest >= second { retired[stream.key] = highest }
    }

    /// Removes a shard from the index of numbers, and its cursors.
    mutating func forget(_ shard: ShardNumber, of stream: StreamState) {
        shards.remove(shard)
        for consumer in stream.consumers {
            cursors.remove(CursorKey(consumer: consumer.id, shard: shard))
        }
    }

    /// Adds a consumer to the index of consumers.
    mutating func place(consumer: UInt64, in stream: UInt64) {
        consumers.set(consumer, stream)
        nextConsumer = max(nextConsumer, consumer + 1)
    }

    /// Removes a consumer from the index of consumers, and its cursors.
    mutating func remove(consumer: UInt64) {
        consumers.remove(consumer)
        ephemerals.remove(consumer)
        inTransition[.consumer(consumer)] = nil
        var keys: [CursorKey] = []
        let first = CursorKey(consumer: consumer, shard: ShardNumber(rawValue: 0))
        cursors.visit(from: first) { key, _ in
            guard key.consumer == consumer else { return false }
            keys.append(key)
            return true
        }
        for key in keys { cursors.remove(key) }
    }

    /// Sets a cursor; nothing happens if its consumer or shard is gone, which can have been
    /// decided while the entry was being made.
    mutating func moveCursor(_ key: CursorKey, _ change: (inout Cursor) -> Void) {
        guard keepsCursors, isOfOneStream(key) else { return }
        var cursor = cursors[key] ?? Cursor()
        change(&cursor)
        cursors.set(key, cursor)
    }

    /// Whether the consumer and the shard are there and belong together.
    func isOfOneStream(_ key: CursorKey) -> Bool {
        guard let place = shards[key.shard] else { return false }
        return consumers[key.consumer] == place.stream
    }

    /// Sets an account's commitment; one that was never begun is not kept.
    mutating func set(_ commitment: Commitment, of account: String) {
        commitments[account] = commitment == Commitment() ? nil : commitment
    }

    /// The catalog's time moves on; retired names whose seconds are over are let go.
    mutating func advance(to second: UInt64) {
        guard second > self.second else { return }
        self.second = second
        if !retired.isEmpty { retired = retired.filter { $0.value >= second } }
    }

    /// Restores what a snapshot keeps beside the streams.
    mutating func restore(retired: [StreamKey: UInt64], second: UInt64) {
        self.retired = retired
        self.second = second
    }

    /// Gives every shard its records, which the log has once it is open.
    mutating func attachAll(_ attach: @escaping @Sendable (ShardNumber) -> Shard?) {
        self.attach = attach
        var ids: [UInt64] = []
        streams.visit { id, _ in
            ids.append(id)
            return true
        }
        for id in ids {
            guard let stream = streams[id] else { continue }
            var table = ShardTable()
            for shard in stream.shards { table.set(attached(shard)) }
            let open = (0..<stream.open.count).compactMap { table[stream.open[$0].id.index] }
            store(stream.replacing(shards: table, open: RoutingTable(open)))
        }
    }

    /// The shard with its records at hand, if this state has any.
    func attached(_ shard: ShardState) -> ShardState {
        guard let attach else { return shard }
        guard let log = attach(shard.number) else {
            preconditionFailure("the log does not have a shard that the catalog has")
        }
        return shard.attached(to: log)
    }
}

/// Where a shard is: its stream and its index there.
struct ShardPlace: Sendable, Hashable {
    var stream: UInt64
    var index: UInt32
}
