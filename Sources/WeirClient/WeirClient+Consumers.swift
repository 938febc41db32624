public import Kinesis
import Wire

extension WeirClient {
    /// The consumer of this name, registered if there is none, once it is active; waits at most a
    /// minute.
    public func registerStreamConsumer(
        _ name: String, stream: StreamARN
    ) async throws(ClientError) -> Consumer {
        var consumer: Consumer
        do throws(ClientError) {
            consumer = try await describeStreamConsumer(name, stream: stream)
        } catch {
            guard error.code == .resourceNotFound else { throw error }
            do throws(ClientError) {
                let answer = try await call(.kinesis(.registerStreamConsumer), isRepeatable: false)
                {
                    $0.member("StreamARN", stream.description)
                    $0.member("ConsumerName", name)
                }
                consumer = try Consumer(answer.required("Consumer"))
            } catch {
                // Somebody else registers it at this moment.
                guard error.code == .resourceInUse else { throw error }
                consumer = try await describeStreamConsumer(name, stream: stream)
            }
        }
        return try await activated(consumer, name, stream)
    }

    /// A new consumer with a name of its own, which Weir deregisters when nobody has read as it for
    /// a minute, and which does not hinder the deletion of its stream. Waits until it is active, at
    /// most a minute.
    ///
    /// For a reader that comes and goes and keeps its place itself. Others do not know it, so
    /// nobody takes its places over.
    public func registerEphemeralConsumer(
        prefix: String, stream: StreamARN
    ) async throws(ClientError) -> Consumer {
        let name = prefix + "-" + String(UInt64.random(in: 0...UInt64.max), radix: 16)
        let answer = try await call(.kinesis(.registerStreamConsumer), isRepeatable: false) {
            $0.member("StreamARN", stream.description)
            $0.member("ConsumerName", name)
            $0.key("Tags")
            $0.beginStructure()
            $0.member("weir:ephemeral", "true")
            $0.endStructure()
        }
        return try await activated(Consumer(answer.required("Consumer")), name, stream)
    }

    private func activated(
        _ registered: Consumer, _ name: String, _ stream: StreamARN
    ) async throws(ClientError) -> Consumer {
        var consumer = registered
        for _ in 0..<Limits.polls where consumer.status == .creating {
            consumer = try await describeStreamConsumer(name, stream: stream)
            if consumer.status != .creating { break }
            try await pause(milliseconds: Limits.pollMilliseconds)
        }
        guard consumer.status == .active else {
            throw .response("the consumer \(name) does not become active")
        }
        return consumer
    }

    /// The consumer of this name; ResourceNotFoundException if there is none.
    public func describeStreamConsumer(
        _ name: String, stream: StreamARN
    ) async throws(ClientError) -> Consumer {
        let answer = try await call(.kinesis(.describeStreamConsumer), isRepeatable: true) {
            $0.member("StreamARN", stream.description)
            $0.member("ConsumerName", name)
        }
        return try Consumer(answer.required("ConsumerDescription"))
    }

    /// Removes a consumer; its subscriptions end.
    public func deregisterStreamConsumer(_ consumer: ConsumerARN) async throws(ClientError) {
        _ = try await call(.kinesis(.deregisterStreamConsumer), isRepeatable: false) {
            $0.member("ConsumerARN", consumer.description)
        }
    }

    /// Says that the consumer is done with the shard's records up to this number; when it returns,
    /// the server has that on disk.
    public func commitCursor(
        _ consumer: ConsumerARN, shard: ShardID, through number: SequenceNumber
    ) async throws(ClientError) {
        _ = try await call(.weir(.commitCursor), isRepeatable: true) {
            $0.member("ConsumerARN", consumer.description)
            $0.member("ShardId", shard.description)
            $0.member("SequenceNumber", number.description)
        }
    }

    /// Has a shard's records pushed, until its end.
    ///
    /// Subscriptions are renewed when they end; each record comes once. What `LATEST` means is
    /// fixed by the first event, at most five seconds after the beginning.
    public func subscribe(
        shard: ShardID, consumer: ConsumerARN, from start: StartingPosition
    ) -> Subscription {
        Subscription(
            self, consumer: consumer, shards: [(shard, [])], from: start, followsChildren: false)
    }

    /// Has all records of a stream pushed: those of its shards, and of the shards that continue
    /// them after both parents were read to their end.
    ///
    /// Begins from the latest record, the oldest, a time or the consumer's cursors; a sequence
    /// number belongs to one shard and is refused with `configuration`.
    public func subscribe(
        stream: String, consumer: ConsumerARN, from start: StartingPosition
    ) async throws(ClientError) -> Subscription {
        let selection: ShardSelection
        switch start {
        case .trimHorizon, .cursor: selection = .all
        case .latest: selection = .open
        case .atTimestamp(let milliseconds): selection = .since(milliseconds)
        case .atSequenceNumber, .afterSequenceNumber:
            throw .configuration("a sequence number belongs to a shard, not to a stream")
        }
        let shards = try await listShards(stream, selection)
        return Subscription(
            self, consumer: consumer, shards: shards.map { ($0.id, $0.parents) }, from: start,
            followsChildren: true)
    }
}

extension Consumer {
    init(_ document: Document) throws(ClientError) {
        guard let arn = ConsumerARN(try document.requiredText("ConsumerARN")),
            let status = ConsumerStatus(rawValue: try document.requiredText("ConsumerStatus"))
        else { throw .response("the description of a consumer is broken") }
        self.init(arn: arn, status: status)
    }
}
