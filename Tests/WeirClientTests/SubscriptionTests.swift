import HTTP
import Kinesis
import ServerDouble
import Synchronization
import Testing
import Wire

@testable import WeirClient

private let start = EventStream.initialResponse

/// Answers subscriptions one after the other, then with a stream that says nothing.
private func script(_ answers: [FakeServer.Answer])
    -> @Sendable (FakeServer.Request) ->
    FakeServer.Answer
{
    let next = Atomic<Int>(0)
    return { _ in
        let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
        return index < answers.count ? answers[index] : .stream([start], .hold)
    }
}

private func indices(_ subscription: Subscription, _ count: Int) async throws -> [UInt64] {
    var found: [UInt64] = []
    for try await event in subscription {
        found += event.records.map(\.sequenceNumber.index)
        if found.count >= count { break }
    }
    return found
}

@Suite struct SubscriptionTests {
    @Test func `an event's records come as they were put`() async throws {
        let server = try FakeServer(script([.stream([start, event(3...4)], .hold)]))
        let client = try server.client()
        let subscription = client.subscribe(
            shard: ShardID(index: 0), consumer: consumerARN, from: .latest)
        var events = subscription.makeAsyncIterator()
        let first = try #require(try await events.next())
        #expect(first.shard == ShardID(index: 0))
        #expect(first.millisBehindLatest == 7)
        #expect(first.continuation == number(9))
        #expect(first.children.isEmpty)
        #expect(
            first.records == [
                Record(
                    shard: ShardID(index: 0), sequenceNumber: number(3), partitionKey: "key-3",
                    data: [UInt8](repeating: 3, count: 10), arrivalMilliseconds: 1_790_000_000_123),
                Record(
                    shard: ShardID(index: 0), sequenceNumber: number(4), partitionKey: "key-4",
                    data: [UInt8](repeating: 4, count: 10), arrivalMilliseconds: 1_790_000_000_123),
            ])
        let request = try #require(server.requests("SubscribeToShard").first)
        #expect(request.position == "LATEST")
        #expect(request.text("ConsumerARN") == consumerARN.description)
        #expect(request.text("ShardId") == "shardId-000000000000")
    }

    @Test func `a subscription is renewed behind its last continuation number`() async throws {
        let server = try FakeServer(
            script([
                .stream([start, event(1...2), event(10...12)], .complete),
                .stream([start, event(20...20)], .complete),
                .stream([start, event(30...31)], .hold),
            ]))
        let client = try server.client()
        let subscription = client.subscribe(
            shard: ShardID(index: 0), consumer: consumerARN, from: .trimHorizon)
        #expect(try await indices(subscription, 8) == [1, 2, 10, 11, 12, 20, 30, 31])
        #expect(
            server.requests("SubscribeToShard").map(\.position) == [
                "TRIM_HORIZON", "AFTER_SEQUENCE_NUMBER \(number(17))",
                "AFTER_SEQUENCE_NUMBER \(number(25))",
            ])
    }

    /// Each time the client is told to leave it has a connection that takes no more, and may add
    /// another one only after a second; when the first is gone, nothing else would wake it.
    @Test(.timeLimit(.minutes(1)))
    func `a subscription outlives servers that go one after the other`() async throws {
        let server = try FakeServer(
            script((1...6).map { .stream([start, event($0...$0)], .leave) }))
        let client = try server.client()
        let subscription = client.subscribe(
            shard: ShardID(index: 0), consumer: consumerARN, from: .trimHorizon)
        // Nobody takes the events, which would wake it too.
        while server.requests("SubscribeToShard").count < 7 {
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(try await indices(subscription, 6) == [1, 2, 3, 4, 5, 6])
    }

    @Test func `a place that is taken is asked for again`() async throws {
        let server = try FakeServer(
            script([
                .refusal("ResourceInUseException"), .refusal("LimitExceededException"),
                .reply(500, "{\"__type\":\"InternalFailure\"}"),
                .stream([start, event(1...1)], .hold),
            ]))
        let client = try server.client()
        let subscription = client.subscribe(
            shard: ShardID(index: 0), consumer: consumerARN, from: .cursor)
        #expect(try await indices(subscription, 1) == [1])
        #expect(
            server.requests("SubscribeToShard").map(\.position)
                == [String](repeating: "CURSOR", count: 4))
    }

    @Test func `half an event is not delivered, and comes again as a whole`() async throws {
        let half = Array(event(5...6).prefix(100))
        let server = try FakeServer(
            script([
                .stream([start, event(1...2), half], .reset),
                .stream([start, event(5...6)], .hold),
            ]))
        let client = try server.client()
        let subscription = client.subscribe(
            shard: ShardID(index: 0), consumer: consumerARN, from: .latest)
        #expect(try await indices(subscription, 4) == [1, 2, 5, 6])
        #expect(
            server.requests("SubscribeToShard").last?.position
                == "AFTER_SEQUENCE_NUMBER \(number(7))")
    }

    @Test func `what the server repeats is not delivered twice`() async throws {
        let server = try FakeServer(
            script([.stream([start, event(1...3), event(2...5)], .hold)]))
        let client = try server.client()
        let subscription = client.subscribe(
            shard: ShardID(index: 0), consumer: consumerARN, from: .latest)
        #expect(try await indices(subscription, 5) == [1, 2, 3, 4, 5])
    }

    @Test func `the end of a shard ends its subscription`() async throws {
        let children = [child(1, of: 0), child(2, of: 0)]
        let server = try FakeServer(
            script([.stream([start, event(1...1), end(children)], .complete)]))
        let client = try server.client()
        let subscription = client.subscribe(
            shard: ShardID(index: 0), consumer: consumerARN, from: .trimHorizon)
        var events: [SubscriptionEvent] = []
        for try await event in subscription { events.append(event) }
        #expect(events.count == 2)
        #expect(events.last?.continuation == nil && events.last?.children == children)
        #expect(server.requests("SubscribeToShard").count == 1)
    }

    @Test(arguments: [
        ("ResourceNotFoundException", ErrorCode.resourceNotFound),
        ("ResourceInUseException", ErrorCode.resourceInUse),
    ])
    func `an exception in the stream is the reader's error`(
        _ code: String, _ expected: ErrorCode
    ) async throws {
        let server = try FakeServer(
            script([
                .stream(
                    [start, event(1...1), EventStream.exception(code, message: "gone")], .complete)
            ]))
        let client = try server.client()
        let subscription = client.subscribe(
            shard: ShardID(index: 0), consumer: consumerARN, from: .latest)
        var seen = 0
        do throws(ClientError) {
            for try await event in subscription { seen += event.records.count }
            Issue.record("the subscription ended in order")
        } catch {
            #expect(error.code == expected && "\(error)".contains("gone"))
        }
        #expect(seen == 1)
    }

    @Test func `an internal failure in the stream is not the end`() async throws {
        let server = try FakeServer(
            script([
                .stream(
                    [start, EventStream.exception("InternalFailureException", message: "x")],
                    .complete),
                .stream([start, event(1...1)], .hold),
            ]))
        let client = try server.client()
        let subscription = client.subscribe(
            shard: ShardID(index: 0), consumer: consumerARN, from: .latest)
        #expect(try await indices(subscription, 1) == [1])
    }

    @Test func `an unknown consumer is an error at once`() async throws {
        let server = try FakeServer(script([.refusal("ResourceNotFoundException", "Consumer c")]))
        let client = try server.client()
        let subscription = client.subscribe(
            shard: ShardID(index: 0), consumer: consumerARN, from: .latest)
        await #expect(throws: ClientError.self) { _ = try await indices(subscription, 1) }
        #expect(server.requests.count == 1)
    }

    @Test func `attempts without an event come to an end`() async throws {
        let server = try FakeServer { _ in .refusal("ResourceInUseException", "still there") }
        let client = try server.client { $0.retry.subscriptionAttempts = 4 }
        let subscription = client.subscribe(
            shard: ShardID(index: 0), consumer: consumerARN, from: .latest)
        await #expect(
            throws: ClientError.service(
                code: "ResourceInUseException", message: "still there", status: 400)
        ) { _ = try await indices(subscription, 1) }
        #expect(server.requests.count == 4)
    }

    @Test func `bytes that are no event stream are an error`() async throws {
        let server = try FakeServer(
            script([.stream([[UInt8](repeating: 0x41, count: 64)], .hold)]))
        let client = try server.client()
        let subscription = client.subscribe(
            shard: ShardID(index: 0), consumer: consumerARN, from: .latest)
        do throws(ClientError) {
            for try await _ in subscription {}
            Issue.record("the subscription ended in order")
        } catch {
            guard case .response = error else {
                Issue.record("\(error)")
                return
            }
        }
    }

    @Test func `cancelling the task ends the iteration`() async throws {
        let server = try FakeServer(script([.stream([start, event(1...1)], .hold)]))
        let client = try server.client()
        let subscription = client.subscribe(
            shard: ShardID(index: 0), consumer: consumerARN, from: .latest)
        let task = Task {
            var events = 0
            for try await _ in subscription { events += 1 }
            return events
        }
        while server.requests.isEmpty { await Task.yield() }
        task.cancel()
        #expect(try await task.value <= 1)
    }

    @Test func `closing the client is the reader's error`() async throws {
        let server = try FakeServer(script([.stream([start, event(1...1)], .hold)]))
        let client = try server.client()
        let subscription = client.subscribe(
            shard: ShardID(index: 0), consumer: consumerARN, from: .latest)
        var events = subscription.makeAsyncIterator()
        _ = try await events.next()
        client.close()
        do throws(ClientError) {
            #expect(try await events.next() == nil)
            Issue.record("no error")
        } catch {
            #expect(error == .closed)
        }
    }
}

@Suite struct BackPressureTests {
    /// Waits until `condition` holds; a test that waits for ever is ended by the run's limit.
    private func until(_ condition: () -> Bool) async {
        while !condition() { await Task.yield() }
    }

    @Test(.timeLimit(.minutes(1)))
    func `what nobody reads stays within the window`() async throws {
        let window = 131_072
        let summary = """
            {"StreamDescriptionSummary":{"StreamName":"s","StreamARN":\
            "arn:aws:kinesis:eu-central-1:123456789012:stream/s","StreamStatus":"ACTIVE",\
            "OpenShardCount":1,"ConsumerCount":0}}
            """
        let frame = event(1...1, dataBytes: 1_000)
        let server = try FakeServer { request in
            request.operation == "SubscribeToShard" ? .flood(frame) : .reply(200, summary)
        }
        let client = try server.client { $0.subscriptionWindowBytes = Int32(window) }
        let subscription = client.subscribe(
            shard: ShardID(index: 0), consumer: consumerARN, from: .latest)
        await until { server.sentBytes.load(ordering: .relaxed) > window - frame.count }
        // Another call on the same connection is not held up by the one that stands still.
        for _ in 0..<20 { #expect(try await client.describe("s").status == .active) }
        #expect(server.sentBytes.load(ordering: .relaxed) <= window)
        #expect(server.connectionCount.load(ordering: .relaxed) == 1)
        // What is read is credited, and only that.
        var events = subscription.makeAsyncIterator()
        let read = 1_000
        for _ in 0..<read { #expect(try await events.next() != nil) }
        for _ in 0..<20 { _ = try await client.describe("s") }
        let sent = server.sentBytes.load(ordering: .relaxed)
        #expect(sent > read * frame.count && sent <= window + read * frame.count)
    }

    @Test(.timeLimit(.minutes(1)))
    func `an event that is longer than the window arrives`() async throws {
        let large = event(1...1, dataBytes: 300_000)
        let server = try FakeServer(
            script([.stream([start, large, event(7...7), event(8...8, dataBytes: 200_000)], .hold)])
        )
        let client = try server.client { $0.subscriptionWindowBytes = 65_535 }
        let subscription = client.subscribe(
            shard: ShardID(index: 0), consumer: consumerARN, from: .latest)
        #expect(try await indices(subscription, 3) == [1, 7, 8])
    }
}
