import Catalog
import Kinesis
import ShardLog

/// Stage 5 and stage 9 of a record's life: PutRecord and PutRecords.
///
/// A record is routed by its hash key and encoded into the reactor's staging buffer, which goes to
/// the committer at the end of the turn. The answer waits until the batch that holds the record is
/// durable. A record that reaches the committer after its shard was closed comes back and is
/// routed again with the newer catalog, so a reshard loses nothing and asks nobody to retry.
enum PutOperations {
    static func putRecord(
        _ context: OperationContext, _ stream: StreamState, _ input: PutRecord.Input,
        _ prepared: PreparedPut?
    ) throws(ServiceError) {
        try stream.checkWritable()
        if stream.distribution == .userPartitionKey { try input.checkPartitionKey() }
        try input.checkSize(limitBytes: stream.maxRecordBytes)
        let minimum = try minimumIndex(context, input, stream)
        if input.dryRun { throw .dryRun }
        let pending = PendingPut(request: context.request, records: .single(input))
        context.keep(pending)
        if let prepared, prepared.isFor(stream) {
            context.stage(pending, prepared, in: stream, minimumIndex: minimum)
        } else {
            var refusing = RefusingShards()
            context.stage(pending, 0, in: stream, minimumIndex: minimum, &refusing)
        }
        context.finishIfSettled(pending)
    }

    static func putRecords(
        _ context: OperationContext, _ stream: StreamState, _ input: PutRecords.Input,
        _ prepared: PreparedPut?
    ) throws(ServiceError) {
        try stream.checkWritable()
        if stream.distribution == .userPartitionKey { try input.checkPartitionKeys() }
        try input.checkSizes(limitBytes: stream.maxRecordBytes)
        if input.dryRun { throw .dryRun }
        let pending = PendingPut(request: context.request, records: .batch(input))
        context.keep(pending)
        if let prepared, prepared.isFor(stream) {
            context.stage(pending, prepared, in: stream, minimumIndex: 0)
        } else {
            var refusing = RefusingShards()
            for ordinal in 0..<input.count {
                context.stage(pending, ordinal, in: stream, minimumIndex: 0, &refusing)
            }
        }
        context.finishIfSettled(pending)
    }

    /// What SequenceNumberForOrdering asks of the log: an index above a number that one of this
    /// stream's shards has given out. A number of another shard orders nothing here.
    private static func minimumIndex(
        _ context: OperationContext, _ input: PutRecord.Input, _ stream: StreamState
    ) throws(ServiceError) -> UInt64 {
        guard let text = input.sequenceNumberForOrdering else { return 0 }
        let invalid = ServiceError.orderingNumberInvalid(
            text, stream: stream.name, account: stream.account)
        guard let number = SequenceNumber(text),
            number.second <= UInt64(context.nodeMilliseconds) / 1000
        else { throw invalid }
        // A stream that spreads its records has no order between them.
        guard stream.distribution == .userPartitionKey else { return 0 }
        let shard = stream.openShard(for: input.hashKey)
        guard number.shardIndex == shard.id.index,
            number.shardCreatedSecond == shard.createdSecond
        else { return 0 }
        guard shard.log.hasGivenOut(number.index) else { throw invalid }
        return number.index
    }
}
