import Access
import Catalog
import Kinesis
import ShardLog

/// What a request's names mean in the catalog as this reactor sees it.
extension Request {
    /// The account, region and name that a selector means for this caller.
    func streamKey(_ selector: StreamSelector) throws(ServiceError) -> StreamKey {
        if let arn = selector.arn {
            guard arn.account == caller.account else {
                throw .otherAccount(
                    operation ?? .describeStream, arn: arn.description, account: caller.account)
            }
            return StreamKey(account: arn.account, region: arn.region, name: arn.name)
        }
        return StreamKey(account: caller.account, region: caller.region, name: selector.name)
    }

    /// The stream that a request names.
    func stream(_ selector: StreamSelector) throws(ServiceError) -> StreamState {
        let key = try streamKey(selector)
        guard let stream = worker.snapshot.stream(key) else {
            throw .streamNotFound(name: key.name, account: key.account)
        }
        return stream
    }

    /// A stream that takes records: one in CREATING or DELETING answers as if it were not there.
    func writableStream(_ selector: StreamSelector) throws(ServiceError) -> StreamState {
        let stream = try stream(selector)
        guard stream.status == .active || stream.status == .updating else {
            throw .streamNotFound(name: stream.name, account: stream.account)
        }
        return stream
    }

    /// A consumer and its stream.
    func consumer(
        _ selector: ConsumerSelector
    ) throws(ServiceError) -> (StreamState, ConsumerState) {
        switch selector {
        case .arn(let arn):
            let stream = try stream(StreamSelector(arn: arn.stream))
            guard let consumer = stream.consumer(named: arn.name),
                consumer.createdSecond == arn.createdSecond
            else { throw .consumerNotFound(name: arn.name, account: stream.account) }
            return (stream, consumer)
        case .name(let streamARN, let name):
            let stream = try stream(StreamSelector(arn: streamARN))
            guard let consumer = stream.consumer(named: name) else {
                throw .consumerNotFound(name: name, account: stream.account)
            }
            return (stream, consumer)
        }
    }

    /// A shard to read from, by the lenient forms of its id.
    func shard(_ text: String, of stream: StreamState) throws(ServiceError) -> ShardState {
        guard let id = ShardID(lenient: text) else {
            throw .shardNotFound(shardID: text, stream: stream.name, account: stream.account)
        }
        guard stream.status != .creating, let shard = stream.shards[id.index] else {
            throw .shardDoesNotExist(
                shardID: id.description, stream: stream.name, account: stream.account)
        }
        return shard
    }

    /// The id of a shard that is to be split or merged.
    func reshardable(_ text: String, of stream: StreamState) throws(ServiceError) -> ShardID {
        guard let id = ShardID(lenient: text) else {
            throw .shardNotFound(shardID: text, stream: stream.name, account: stream.account)
        }
        return id
    }
}

extension ShardState {
    /// The index in a sequence number that a client sent for this shard.
    func index(of text: String, in stream: StreamState) throws(ServiceError) -> UInt64 {
        switch SequenceNumberFinding(
            text.utf8.span, shardIndex: id.index, shardCreatedSecond: createdSecond)
        {
        case .fine(let number): return number.index
        case .otherShard(let other):
            throw .sequenceNumberOfOtherShard(encoded: ShardID(index: other), used: id)
        case .otherStream:
            throw .sequenceNumberOfOtherStream(
                text, shardID: id.description, stream: stream.name, account: stream.account)
        case .notANumber, .undecodable:
            throw .sequenceNumberInvalid(
                text, shardID: id.description, stream: stream.name, account: stream.account)
        }
    }
}

extension StreamState {
    /// The children of a closed shard that still exist, with all their parents.
    func childShards(of shard: ShardState) -> [ChildShard] {
        shard.children.compactMap { index in
            guard let child = shards[index] else { return nil }
            let parents = [child.parent, child.adjacentParent].compactMap { $0 }
            return ChildShard(
                id: child.id, parents: parents.map { ShardID(index: $0) }, range: child.range)
        }
    }

    /// The open shard that takes a hash key.
    func openShard(for hashKey: UInt128) -> ShardState { open.shard(for: hashKey) }

    /// The largest data and key of one record, bytes.
    var maxRecordBytes: Int { Int(maxRecordKiB) << 10 }
}
