import Kinesis

/// In which order the shards of a stream are read: a shard after both of its parents.
///
/// A parent that is not followed, because it has expired or was finished before, counts as read.
struct ShardLineage {
    private enum State {
        /// Waits for its parents.
        case waiting(parents: [ShardID])
        case reading
        case finished
    }

    private var states: [ShardID: State] = [:]

    /// Shards to begin with, and their parents.
    init(_ shards: [(id: ShardID, parents: [ShardID])]) {
        for shard in shards { states[shard.id] = .waiting(parents: shard.parents) }
    }

    /// How many shards are known.
    var count: Int { states.count }

    /// The shards that can be read from now on, in the order of their numbers.
    mutating func begin() -> [ShardID] {
        var ready: [ShardID] = []
        for (id, state) in states {
            if case .waiting(let parents) = state, parents.allSatisfy(isRead) { ready.append(id) }
        }
        for id in ready { states[id] = .reading }
        return ready.sorted()
    }

    /// Notes that a shard was read to its end and what continues it; then `begin` tells who is
    /// next. Children that are known already keep their state.
    mutating func finish(_ id: ShardID, children: [ChildShard]) {
        states[id] = .finished
        for child in children where states[child.id] == nil {
            states[child.id] = .waiting(parents: child.parents)
        }
    }

    private func isRead(_ id: ShardID) -> Bool {
        switch states[id] {
        case .waiting, .reading: false
        case .finished, nil: true
        }
    }
}
