import HTTP
import Kinesis
import Reactor
import ServerDouble
import Synchronization
import Testing

@testable import WeirClient

/// What a client waits for ends, whatever the server does.
@Suite(.timeLimit(.minutes(1))) struct PatienceTests {
    @Test func `a call that is never answered is lost in time, and tried again`() async throws {
        let server = try FakeServer { _ in .silence }
        let client = try server.client {
            $0.callSeconds = 0.2
            $0.retry.attempts = 3
        }
        await #expect(throws: ClientError.lost("no answer within 0 s")) {
            _ = try await client.describe("s")
        }
        #expect(server.requests.count == 3)
    }

    @Test func `a server that is away for a moment is waited for once it has answered`()
        async throws
    {
        let first = try FakeServer { _ in .reply(200, "") }
        let client = try first.client {
            $0.retry.attempts = 40
            $0.retry.longestMilliseconds = 100
        }
        let shard = ShardID(index: 0)
        try await client.commitCursor(consumerARN, shard: shard, through: number(1))
        let port = first.port
        first.stop()
        let call = Task {
            try await client.commitCursor(consumerARN, shard: shard, through: number(2))
        }
        try await Task.sleep(for: .milliseconds(300))
        let second = try FakeServer(port: port) { _ in .reply(200, "") }
        try await call.value
        #expect(second.requests("CommitCursor").count == 1)
    }

    @Test func `a call that is given up is told so wherever it stands`() async throws {
        // Nobody answers the connection, so the first call waits, and the second behind it.
        let listener = try Listener.bind(host: "127.0.0.1", port: 0)
        let client = try WeirClient(
            ClientConfiguration(endpoint: Endpoint(host: "127.0.0.1", port: listener.port)))
        let first = Task { try await client.describe("first") }
        let second = Task { try await client.describe("second") }
        try await Task.sleep(for: .milliseconds(20))
        second.cancel()
        await #expect(throws: ClientError.cancelled) { _ = try await second.value }
        first.cancel()
        await #expect(throws: ClientError.cancelled) { _ = try await first.value }
        client.close()
    }

    @Test func `a subscription that is given up before it began never begins`() async throws {
        let server = try FakeServer { _ in .silence }
        let client = try server.client()
        // Both are done in one turn of the client's thread: the connection comes later.
        var subscription: Subscription? = client.subscribe(
            shard: ShardID(index: 0), consumer: consumerARN, from: .latest)
        subscription?.cancel()
        subscription = nil
        let call = Task { try await client.describe("s") }
        while server.requests("DescribeStreamSummary").isEmpty { await Task.yield() }
        #expect(server.requests("SubscribeToShard").isEmpty)
        call.cancel()
        _ = try? await call.value
    }

    @Test func `a server that ends the connection before it is open is no server`() async throws {
        // A TLS alert: close_notify. The client must not take it for a loss and begin again.
        let server = try FakeServer(greeting: [0x15, 3, 3, 0, 2, 1, 0]) { _ in .silence }
        let client = try server.client()
        do throws(ClientError) {
            _ = try await client.describe("s")
            Issue.record("no error")
        } catch {
            #expect(error.isUnreachable)
        }
        #expect(server.connectionCount.load(ordering: .relaxed) == 1)
    }
}
