import Kinesis
import Wire

@testable import WeirClient

/// Sequence numbers of a shard by their place, for tests.
func number(_ index: UInt64, shard: UInt32 = 0) -> SequenceNumber {
    SequenceNumber(
        shardCreatedSecond: 1_790_000_000, shardIndex: shard, index: index,
        second: 1_790_000_000)
}

/// The frame of an event with records of these indices; it continues behind the last.
func event(_ indices: ClosedRange<UInt64>, shard: UInt32 = 0, dataBytes: Int = 10) -> [UInt8] {
    var event = SubscribeToShard.Event(capacity: 1_024)
    for index in indices {
        let key = Array("key-\(index)".utf8)
        let data = [UInt8](repeating: UInt8(truncatingIfNeeded: index), count: dataBytes)
        event.append(
            sequenceNumber: number(index, shard: shard), arrivalMilliseconds: 1_790_000_000_123,
            partitionKey: key.span, data: data.span)
    }
    return event.finish(
        .continues(number(indices.upperBound + 5, shard: shard)), millisBehindLatest: 7)
}

/// The last event of a shard.
func end(_ children: [ChildShard]) -> [UInt8] {
    var event = SubscribeToShard.Event(capacity: 256)
    return event.finish(.ended(children), millisBehindLatest: 0)
}

func child(_ index: UInt32, of parents: UInt32...) -> ChildShard {
    ChildShard(
        id: ShardID(index: index), parents: parents.map { ShardID(index: $0) }, range: .whole)
}

let consumerARN = ConsumerARN(
    stream: StreamARN(region: "eu-central-1", account: "123456789012", name: "s"), name: "c",
    createdSecond: 1_790_000_000)
