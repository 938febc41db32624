internal import Kinesis

// The end of CREATING, UPDATING and DELETING.

extension CatalogState {
    func endTransition(
        _ inTransition: ResourceInTransition, since: UInt64?, at second: UInt64
    ) throws(CatalogRefusal) -> Plan {
        let isAnother = since != nil && since != self.inTransition[inTransition]
        switch inTransition {
        case .stream(let id):
            guard let stream = streams[id] else { throw .incarnationNotFound(id) }
            if isAnother { throw .notInTransition(id) }
            return Plan(entry: try transitionEnd(of: stream, at: second), result: .transitionEnded)
        case .consumer(let id):
            guard let stream = consumers[id].flatMap({ streams[$0] }),
                let consumer = stream.consumer(id: id)
            else { throw .incarnationNotFound(id) }
            if isAnother { throw .notInTransition(id) }
            switch consumer.status {
            case .active: throw .notInTransition(id)
            case .creating:
                return Plan(
                    entry: ConsumerStatusChanged(stream: stream.id, consumer: id, status: .active),
                    result: .transitionEnded)
            case .deleting:
                return Plan(
                    entry: ConsumerDeregistered(stream: stream.id, consumer: id),
                    result: .transitionEnded)
            }
        }
    }

    private func transitionEnd(
        of stream: StreamState, at second: UInt64
    ) throws(CatalogRefusal) -> any Entry {
        switch stream.status {
        case .active: throw .notInTransition(stream.id)
        case .creating: return StreamStatusChanged(stream: stream.id, status: .active)
        case .deleting: return StreamDeleted(stream: stream.id)
        case .updating:
            guard let update = stream.update else {
                return StreamStatusChanged(stream: stream.id, status: .active)
            }
            return try made(update, of: stream, at: second)
        }
    }

    /// The entry that makes what was begun.
    private func made(
        _ update: StreamUpdateUnderWay, of stream: StreamState, at second: UInt64
    ) throws(CatalogRefusal) -> any Entry {
        switch update {
        case .split(let shard, let hashKey):
            let parent = try stream.findOpen(ShardID(index: shard))
            return try ShardSplit.entry(stream, parent, hashKey, in: self, at: second)
        case .merge(let lower, let upper):
            return try ShardsMerged.entry(
                stream, try stream.findOpen(ShardID(index: lower)),
                try stream.findOpen(ShardID(index: upper)), in: self, at: second)
        case .resize(let target):
            return try resizing(stream, to: Int(target), nil, at: second).entry
        case .setting(let setting):
            return StreamConfigured(stream: stream.id, setting: setting, second: second)
        case .settingAndResize(let setting, let target):
            return try resizing(stream, to: Int(target), setting, at: second).entry
        }
    }
}
