import Kinesis
import Synchronization
import WeirClient

/// How far each shard was printed, and how much of that the server knows.
final class PrintedPlaces: Sendable {
    private let client: WeirClient
    private let consumer: ConsumerARN
    private let uncommitted = Mutex<[ShardID: SequenceNumber]>([:])

    init(_ client: WeirClient, _ consumer: ConsumerARN) {
        self.client = client
        self.consumer = consumer
    }

    func note(_ shard: ShardID, _ number: SequenceNumber) {
        uncommitted.withLock { $0[shard] = number }
    }

    func commitEverySecond() async {
        while !Task.isCancelled {
            // An error stays for the last commit, unless an attempt before it succeeds.
            _ = await commit()
            try? await Task.sleep(for: .seconds(1))
        }
    }

    /// Commits what was printed since; what fails is committed with the next.
    func commit() async -> ClientError? {
        let places = uncommitted.withLock { places in
            defer { places = [:] }
            return places
        }
        var failure: ClientError?
        for (shard, number) in places {
            do throws(ClientError) {
                try await client.commitCursor(consumer, shard: shard, through: number)
            } catch {
                failure = error
                uncommitted.withLock { places in
                    if places[shard] == nil { places[shard] = number }
                }
            }
        }
        return failure
    }
}
