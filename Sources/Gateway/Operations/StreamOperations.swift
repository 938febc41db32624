import Catalog
import Kinesis
import ShardLog
import Wire

/// Operations that show one stream or one consumer.
extension ReactorGateway {
    func describeStream(_ request: Request, _ input: DescribeStream.Input) throws(ServiceError) {
        let stream = try request.stream(input.stream)
        let after = try input.exclusiveStartShardID.map { (text) throws(ServiceError) in
            try request.startShard(text, of: stream)
        }
        // One more than is shown tells whether there are more.
        var shards = stream.retainedShards(
            after: after, limit: input.limit + 1, cutoff: stream.cutoff(retentionClock))
        let hasMore = shards.count > input.limit
        if hasMore { shards.removeLast() }
        request.succeed(
            DescribeStream.Output(
                stream: stream.overview, shards: shards.map(\.listed), hasMoreShards: hasMore
            ).encoded(request.encoding))
    }

    func describeStreamSummary(
        _ request: Request, _ input: DescribeStreamSummary.Input
    ) throws(ServiceError) {
        let stream = try request.stream(input.stream)
        request.succeed(
            DescribeStreamSummary.Output(
                stream: stream.overview, openShardCount: stream.shownOpenShards,
                consumerCount: stream.consumers.count, maxRecordKiB: Int(stream.maxRecordKiB),
                distribution: stream.distribution, warmThroughput: warmThroughput(of: stream)
            ).encoded(request.encoding))
    }

    /// What clients are told of a stream's warm throughput: only on-demand streams of accounts with
    /// a commitment have one.
    private func warmThroughput(of stream: StreamState) -> WarmThroughput? {
        let second = UInt64(max(0, presentMilliseconds)) / 1000
        guard stream.mode == .onDemand,
            snapshot.commitment(account: stream.account).isInForce(at: second)
        else { return nil }
        let target = Int(stream.warmMiBps ?? 0)
        return WarmThroughput(target: target, current: min(target, stream.open.count))
    }

    func describeConsumer(
        _ request: Request, _ input: DescribeStreamConsumer.Input
    ) throws(ServiceError) {
        let (stream, consumer) = try request.consumer(input.consumer)
        try checkCallRate(.describeStreamConsumer, of: stream)
        request.succeed(
            DescribeStreamConsumer.Output(consumer: consumer.listed(in: stream))
                .encoded(request.encoding))
    }
}

extension Request {
    /// The index in an ExclusiveStartShardId, which need not exist.
    func startShard(_ text: String, of stream: StreamState) throws(ServiceError) -> UInt32 {
        guard let id = ShardID(lenient: text) else {
            throw .shardNotFound(shardID: text, stream: stream.name, account: stream.account)
        }
        return id.index
    }
}

extension StreamState {
    /// What the Describe operations say of a stream.
    var overview: StreamOverview {
        StreamOverview(
            name: name, arn: arn, status: status, mode: mode, retentionHours: Int(retentionHours),
            createdSecond: createdSecond, metrics: metrics)
    }

    /// The open shards that clients are told of: none before the stream is made.
    var shownOpenShards: Int { status == .creating ? 0 : open.count }

    /// Shards in the order of their ids, without those that closed before the retention began.
    func retainedShards(
        after index: UInt32?, limit: Int, cutoff: Int64,
        where isWanted: (ShardState) -> Bool = { _ in true }
    ) -> [ShardState] {
        var page: [ShardState] = []
        guard status != .creating else { return page }
        shards.visit(after: index) { shard in
            if let end = end(of: shard), end < cutoff { return true }
            if isWanted(shard) { page.append(shard) }
            return page.count < limit
        }
        return page
    }
}

extension ShardState {
    var listed: ListedShard {
        ListedShard(
            id: id, parent: parent.map { ShardID(index: $0) },
            adjacentParent: adjacentParent.map { ShardID(index: $0) }, range: range,
            startingSequenceNumber: startingSequenceNumber,
            endingSequenceNumber: endingSequenceNumber)
    }
}

extension ConsumerState {
    /// What clients are told of a consumer, which is DELETING when its stream is.
    func listed(in stream: StreamState) -> ListedConsumer {
        ListedConsumer(arn: arn, status: stream.status == .deleting ? .deleting : status)
    }
}
