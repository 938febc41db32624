import Access
import Catalog
import Kinesis
import ShardLog

/// Operations that make, end and show streams.
enum StreamOperations {
    /// The name that a stream is to get.
    static func newStream(
        _ context: OperationContext, _ input: CreateStream.Input
    ) -> Found<StreamKey> {
        Found(
            .absent(account: context.caller.account, name: input.name),
            .success(context.key(named: input.name)))
    }

    static func createStream(
        _ context: OperationContext, _ key: StreamKey, _ input: CreateStream.Input
    ) throws(ServiceError) {
        let change = CreateStreamRequest(
            key: key, shardCount: input.shardCount, mode: input.mode,
            maxRecordKiB: UInt32(input.maxRecordKiB), tags: input.tags,
            distribution: input.distribution, warmMiBps: input.warmMiBps.map { UInt32($0) })
        try input.tags.checkLegal(for: key)
        try context.submit(.createStream(change))
    }

    static func deleteStream(
        _ context: OperationContext, _ stream: StreamState, _ input: DeleteStream.Input
    ) throws(ServiceError) {
        try context.submit(
            .deleteStream(stream.key, enforceConsumerDeletion: input.enforceConsumerDeletion))
    }

    static func describeStream(
        _ context: OperationContext, _ stream: StreamState, _ input: DescribeStream.Input
    ) throws(ServiceError) {
        let after = try input.exclusiveStartShardID.map { (text) throws(ServiceError) in
            try stream.shardID(text).index
        }
        // One more than is shown tells whether there are more.
        var shards = stream.retainedShards(
            after: after, limit: input.limit + 1, cutoff: stream.cutoff(context.retentionClock))
        let hasMore = shards.count > input.limit
        if hasMore { shards.removeLast() }
        context.succeed(
            DescribeStream.Output(
                stream: stream.overview, shards: shards.map(\.listed), hasMoreShards: hasMore
            ).encoded(context.encoding))
    }

    static func describeStreamSummary(
        _ context: OperationContext, _ stream: StreamState, _ input: DescribeStreamSummary.Input
    ) {
        context.succeed(
            DescribeStreamSummary.Output(
                stream: stream.overview, openShardCount: stream.shownOpenShards,
                consumerCount: stream.consumers.count, maxRecordKiB: Int(stream.maxRecordKiB),
                distribution: stream.distribution,
                warmThroughput: warmThroughput(of: stream, context)
            ).encoded(context.encoding))
    }

    /// What clients are told of a stream's warm throughput: only on-demand streams of accounts with
    /// a commitment have one.
    private static func warmThroughput(
        of stream: StreamState, _ context: OperationContext
    ) -> WarmThroughput? {
        guard stream.mode == .onDemand,
            context.catalog.commitment(account: stream.account)
                .isInForce(at: context.presentSecond)
        else { return nil }
        let target = Int(stream.warmMiBps ?? 0)
        return WarmThroughput(target: target, current: min(target, stream.open.count))
    }

    static func listStreams(
        _ context: OperationContext, _ input: ListStreams.Input
    ) throws(ServiceError) {
        let after: String?
        switch input.start {
        case .beginning: after = nil
        case .after(let name): after = name
        case .token(let text): after = try context.open(text, .streams, parts: 1)[0]
        }
        let (limit, encoding, sealer) = (input.limit, context.encoding, context.sealer)
        let (caller, catalog) = (context.caller, context.catalog)
        try context.succeed(about: min(limit, catalog.streamCount)) {
            var streams = catalog.streams(
                account: caller.account, region: caller.region, after: after, limit: limit + 1)
            var token: String?
            if streams.count > limit {
                streams.removeLast()
                token = streams.last.map { sealer.seal([$0.name], .streams) }
            }
            let summaries = streams.map {
                ListStreams.Summary(
                    arn: $0.arn, status: $0.status, mode: $0.mode, createdSecond: $0.createdSecond)
            }
            return ListStreams.Output(streams: summaries, nextToken: token).encoded(encoding)
        }
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
    var shownOpenShards: Int { isMade ? open.count : 0 }
}
