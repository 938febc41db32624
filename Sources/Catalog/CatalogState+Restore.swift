public import ShardLog

extension CatalogState {
    /// The state that the log's last control snapshot and the entries behind it make.
    init(snapshot: [UInt8]?, entries: [[UInt8]]) throws(CatalogError) {
        if let snapshot { try self.init(snapshot: snapshot) } else { self.init() }
        for payload in entries { try apply(try NumberedEntry(payload)) }
    }

    /// How the log should know the shards of all streams.
    var descriptions: [ShardDescription] {
        var descriptions: [ShardDescription] = []
        streams.visit { _, stream in
            for shard in stream.shards { descriptions.append(shard.description) }
            return true
        }
        return descriptions
    }
}

extension CatalogSnapshot {
    /// The catalog that a log's folder holds, read without opening the log. Its shards have no
    /// records: whoever asks for `ShardState.log` traps.
    /// - Parameters:
    ///   - snapshot: the log's control snapshot; nil if there is none.
    ///   - entries: the payloads of the control entries behind it, in order.
    public convenience init(
        restoring snapshot: [UInt8]?, entries: [[UInt8]]
    ) throws(CatalogError) {
        self.init(try CatalogState(snapshot: snapshot, entries: entries).withoutCursors())
    }

    /// How the log should know the shards of all streams, by number.
    public var shardDescriptions: [ShardDescription] {
        state.descriptions.sorted { $0.number < $1.number }
    }
}
