import Kinesis
import WeirClient
import Wire

/// One reading of a stream: the consumer that it reads as, its subscription, and what was printed.
///
/// Without a name it is an ephemeral consumer, which the server deregisters if this process does
/// not come to it. Its place is nobody's, so it is not committed.
final class TailSession: Sendable {
    private let client: WeirClient
    private let stream: String
    private let arn: StreamARN
    private let name: String?
    private let consumer: ConsumerARN
    private let subscription: Subscription
    private let printed: PrintedPlaces?
    private let committer: Task<Void, Never>?

    init(
        _ client: WeirClient, stream: String, consumer name: String?, from start: StartingPosition
    ) async throws {
        self.client = client
        self.stream = stream
        self.name = name
        arn = try await client.describe(stream).arn
        if let name {
            consumer = try await client.registerStreamConsumer(name, stream: arn).arn
            let places = PrintedPlaces(client, consumer)
            printed = places
            committer = Task.detached { await places.commitEverySecond() }
        } else {
            consumer = try await client.registerEphemeralConsumer(
                prefix: "weir-tail", stream: arn
            ).arn
            printed = nil
            committer = nil
        }
        do throws(ClientError) {
            subscription = try await client.subscribe(
                stream: stream, consumer: consumer, from: start)
        } catch {
            committer?.cancel()
            if name == nil {
                let consumer = consumer
                // Not in this task, which may be cancelled.
                await Task.detached { try? await client.deregisterStreamConsumer(consumer) }.value
            }
            throw error
        }
    }

    /// Prints what comes until there is nothing more to come, or the task is cancelled.
    func print(to output: OutputThread, asJSON: Bool) async throws {
        var events = subscription.makeAsyncIterator()
        while let event = try await events.next() {
            guard let last = event.records.last else { continue }
            var bytes: [UInt8] = []
            for record in event.records {
                bytes += asJSON ? Self.object(record) : record.data
                bytes.append(0x0A)
            }
            try await output.write(bytes)
            printed?.note(event.shard, last.sequenceNumber)
        }
    }

    /// Ends the subscription, and gives back or commits what the server keeps for it. Answers what
    /// could not be committed.
    func end() async -> CommandFailure? {
        subscription.cancel()
        committer?.cancel()
        guard let printed else {
            // If this fails the server does it in a minute.
            try? await client.deregisterStreamConsumer(consumer)
            return nil
        }
        guard let error = await printed.commit() else { return nil }
        var failure = CommandFailure(error)
        failure.description +=
            "; what was printed last could not be committed, and --from cursor prints it again"
        return failure
    }

    /// What an end of the subscription means.
    func explained(_ error: any Error) async -> any Error {
        guard let error = error as? ClientError else { return error }
        switch error.code {
        case .resourceInUse where name != nil:
            return CommandFailure(
                """
                another program reads as the consumer \(name ?? "") now; leave --consumer out, or \
                give each reader a name of its own (\(error))
                """, .refused)
        case .resourceNotFound:
            let isThere = try? await client.describe(stream)
            return CommandFailure(
                isThere == nil
                    ? "the stream \(stream) was deleted"
                    : "the consumer was deregistered, or the stream \(stream) was deleted and created "
                        + "again; start again to go on (\(error))", .refused)
        default: return error
        }
    }

    /// The members that a record has in GetRecords, and its shard.
    static func object(_ record: Record) -> [UInt8] {
        var writer = ResponseWriter(.json, capacity: 256 + 2 * record.data.count)
        writer.beginStructure()
        writer.key("ShardId")
        writer.text(record.shard.description)
        writer.key("SequenceNumber")
        writer.text(record.sequenceNumber.description)
        writer.key("PartitionKey")
        writer.text(record.partitionKey)
        writer.key("ApproximateArrivalTimestamp")
        writer.timestamp(milliseconds: record.arrivalMilliseconds)
        writer.key("Data")
        writer.blob(record.data.span)
        writer.endStructure()
        return writer.finish()
    }
}
