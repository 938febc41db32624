import Catalog
import HTTP
import Kinesis
import Reactor
import ShardLog
import Synchronization

/// From a SubscribeToShard that may go on to a running subscription.
///
/// Find the position (in the blocking pool if its pages are cold), claim the place of (consumer,
/// shard), wait until the subscription that held it has ended, then stream.
extension ReactorGateway {
    /// Has a request become a subscription of a consumer that may read the shard.
    func subscribe(
        _ request: Request, _ consumer: ConsumerState, _ stream: StreamState, _ shard: ShardState,
        _ start: ReadStart
    ) {
        locate(
            start, in: shard, cutoff: stream.cutoff(retentionClock), for: request
        ) { [self] found in
            switch found {
            case .failure(let error): request.fail(error)
            case .success(let place):
                // The catalog may have changed while a thread looked.
                guard let stream = snapshot.stream(id: stream.id),
                    let consumer = stream.consumer(id: consumer.id),
                    let shard = stream.shards[shard.id.index]
                else {
                    return request.fail(
                        .consumerNotFound(name: consumer.name, account: stream.account))
                }
                claim(request, consumer, stream, shard, place)
            }
        }
    }

    private func claim(
        _ request: Request, _ consumer: ConsumerState, _ stream: StreamState, _ shard: ShardState,
        _ place: ReadPlace
    ) {
        guard request.isOpen else { return }
        guard !subscriptions.isDraining else { return request.fail(.goingDown) }
        guard subscriptions.begin(request, consumer, stream, shard, place) else {
            return request.fail(
                .subscriptionExists(
                    account: stream.account, stream: stream.name,
                    shardID: shard.id.description, consumer: consumer.name))
        }
    }
}
