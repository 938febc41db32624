import Access
import Catalog
import Kinesis
import ShardLog

/// What a request's names mean in the catalog as this reactor sees it.
extension Request {
    /// The account, region and name that a selector means for this caller. An ARN of another region
    /// than the one that the request was signed for names nothing there.
    func streamKey(_ selector: StreamSelector) throws(ServiceError) -> StreamKey {
        guard let arn = selector.arn else {
            return StreamKey(
                account: caller.account, region: caller.region, name: selector.name)
        }
        try checkRegion(arn)
        return StreamKey(account: arn.account, region: arn.region, name: arn.name)
    }

    /// The stream that a request names, if the caller may do this with it.
    func stream(_ selector: StreamSelector) throws(ServiceError) -> StreamState {
        let key = try streamKey(selector)
        guard let stream = gateway.snapshot.stream(key) else {
            // Whether others have a stream is nobody's business.
            if let arn = selector.arn { try checkOwner(arn) }
            throw .streamNotFound(name: key.name, account: key.account)
        }
        try authorize(stream, named: selector.arn?.description)
        return stream
    }

    /// The stream that a token of ours names, if the caller may do this with it and asks where it is.
    func authorizeToken(of stream: StreamState) throws(ServiceError) {
        try checkRegion(stream.arn)
        try authorize(stream)
    }

    private func checkRegion(_ arn: StreamARN) throws(ServiceError) {
        guard arn.region == caller.region else {
            throw .otherRegion(arn: arn.description, region: caller.region)
        }
    }

    func checkOwner(_ arn: StreamARN) throws(ServiceError) {
        try checkOwner(arn.account, arn.description)
    }

    /// Refuses what is in another account and cannot be looked at.
    private func checkOwner(_ account: String, _ name: String) throws(ServiceError) {
        guard account == caller.account else { throw refusal(of: name) }
    }

    private func refusal(of arn: String) -> ServiceError {
        .otherAccount(
            operation ?? .describeStream, arn: arn, account: caller.account)
    }

    /// Refuses the caller what neither the ownership of a stream nor its policy lets them do.
    ///
    /// - Parameter name: How the request names it. The refusal repeats that and nothing else, so
    ///   that it is the same whether there is such a stream or not.
    func authorize(_ stream: StreamState, named name: String? = nil) throws(ServiceError) {
        if stream.account == caller.account, stream.policy == nil { return }
        let arn = stream.arn.description
        try authorize(stream.policy, on: arn, of: stream.account, .stream, name ?? arn)
    }

    /// Refuses the caller what neither the ownership of a consumer nor its policy lets them do.
    private func authorize(
        _ consumer: ConsumerState, of stream: StreamState, named name: String
    ) throws(ServiceError) {
        if stream.account == caller.account, consumer.policy == nil { return }
        try authorize(
            consumer.policy, on: consumer.arn.description, of: stream.account, .consumer, name)
    }

    private func authorize(
        _ policy: String?, on arn: String, of owner: String, _ kind: ResourcePolicy.Kind,
        _ name: String
    ) throws(ServiceError) {
        guard let operation else { return }
        let verdict = policy.map {
            gateway.policies.policy($0).verdict(
                account: caller.account, action: "kinesis:" + operation.name, resource: arn,
                kind: kind)
        }
        switch verdict {
        case .allowed: return
        case .denied: throw refusal(of: name)
        case .silent, nil: try checkOwner(owner, name)
        }
    }

    /// A stream or a consumer with its stream.
    enum Resource {
        case stream(StreamState)
        case consumer(ConsumerState, StreamState)
    }

    /// What a ResourceARN names.
    func resource(_ arn: ResourceARN) throws(ServiceError) -> Resource {
        switch arn {
        case .stream(let arn): return .stream(try stream(StreamSelector(arn: arn)))
        case .consumer(let arn):
            let (stream, consumer) = try consumer(.arn(arn))
            return .consumer(consumer, stream)
        }
    }

    /// A stream that takes records: one in CREATING or DELETING answers as if it were not there.
    func writableStream(_ selector: StreamSelector) throws(ServiceError) -> StreamState {
        let stream = try stream(selector)
        guard stream.status == .active || stream.status == .updating else {
            throw .streamNotFound(name: stream.name, account: stream.account)
        }
        return stream
    }

    /// A consumer and its stream, if the caller may do this with the consumer.
    func consumer(
        _ selector: ConsumerSelector
    ) throws(ServiceError) -> (StreamState, ConsumerState) {
        let arn: StreamARN
        let name: String
        var createdSecond: UInt64?
        // What the request says, which a refusal repeats.
        let asked: String
        switch selector {
        case .arn(let consumer):
            (arn, name, createdSecond) = (consumer.stream, consumer.name, consumer.createdSecond)
            asked = consumer.description
        case .name(let stream, let consumer):
            (arn, name) = (stream, consumer)
            asked = stream.description
        }
        let key = try streamKey(StreamSelector(arn: arn))
        guard let stream = gateway.snapshot.stream(key) else {
            try checkOwner(arn.account, asked)
            throw .streamNotFound(name: key.name, account: key.account)
        }
        guard let consumer = stream.consumer(named: name),
            createdSecond == nil || createdSecond == consumer.createdSecond
        else {
            try checkOwner(arn.account, asked)
            throw .consumerNotFound(name: name, account: key.account)
        }
        try authorize(consumer, of: stream, named: asked)
        return (stream, consumer)
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
