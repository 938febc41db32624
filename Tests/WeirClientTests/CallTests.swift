import Foundation
import Kinesis
import ServerDouble
import Synchronization
import Testing

@testable import WeirClient

private func results(_ request: FakeServer.Request, failing: (Int) -> Bool) -> String {
    let records = request.json["Records"] as? [[String: Any]] ?? []
    var failed = 0
    let results = records.enumerated().map { index, record in
        let key = Int(record["PartitionKey"] as? String ?? "") ?? 0
        guard !failing(key) else {
            failed += 1
            return """
                {"ErrorCode":"ProvisionedThroughputExceededException","ErrorMessage":"slow down"}
                """
        }
        return """
            {"SequenceNumber":"\(number(UInt64(key + 1)))","ShardId":"shardId-000000000000"}
            """
    }
    return "{\"FailedRecordCount\":\(failed),\"Records\":[\(results.joined(separator: ","))]}"
}

private func entries(_ count: Int, bytes: Int = 3) -> [PutEntry] {
    (0..<count).map { PutEntry(data: [UInt8](repeating: 1, count: bytes), partitionKey: "\($0)") }
}

@Suite struct PutTests {
    @Test func `a record's data and key arrive, and its place comes back`() async throws {
        let server = try FakeServer { _ in
            .reply(
                200,
                "{\"ShardId\":\"shardId-000000000003\",\"SequenceNumber\":\"\(number(5, shard: 3))\"}"
            )
        }
        let client = try server.client()
        let receipt = try await client.putRecord(
            PutEntry(data: [0, 255, 16], partitionKey: "k", explicitHashKey: 7), stream: "s")
        #expect(receipt.shard == ShardID(index: 3))
        #expect(receipt.sequenceNumber == number(5, shard: 3))
        let request = try #require(server.requests.first)
        #expect(request.operation == "PutRecord" && request.text("StreamName") == "s")
        #expect(request.text("Data") == "AP8Q" && request.text("PartitionKey") == "k")
        #expect(request.text("ExplicitHashKey") == "7")
    }

    @Test func `records that were refused are put again, and receipts keep their places`()
        async throws
    {
        let calls = Atomic<Int>(0)
        let server = try FakeServer { request in
            let call = calls.wrappingAdd(1, ordering: .relaxed).oldValue
            // The first call refuses every third record, the second all but one of them.
            return .reply(
                200, results(request) { key in call == 0 ? key % 3 == 0 : call == 1 && key > 0 })
        }
        let client = try server.client()
        let receipts = try await client.putRecords(entries(10), stream: "s")
        #expect(receipts.map(\.sequenceNumber) == (1...10).map { number($0) })
        let keys = server.requests.map { request in
            (request.json["Records"] as? [[String: String]] ?? []).map { $0["PartitionKey"] ?? "" }
        }
        #expect(keys == [(0..<10).map(String.init), ["0", "3", "6", "9"], ["3", "6", "9"]])
    }

    @Test func `a record that is refused again and again is an error`() async throws {
        let server = try FakeServer { .reply(200, results($0) { $0 == 1 }) }
        let client = try server.client { $0.retry.attempts = 3 }
        await #expect(
            throws: ClientError.service(
                code: "ProvisionedThroughputExceededException", message: "slow down", status: 200)
        ) { _ = try await client.putRecords(entries(2), stream: "s") }
        #expect(server.requests.count == 3)
    }

    @Test func `more than 500 records are several calls`() async throws {
        let server = try FakeServer { .reply(200, results($0) { _ in false }) }
        let client = try server.client()
        let receipts = try await client.putRecords(entries(1_100), stream: "s")
        #expect(receipts.count == 1_100)
        let sizes = server.requests.map { ($0.json["Records"] as? [Any])?.count }
        #expect(sizes == [500, 500, 100])
    }

    @Test func `a call ends before it exceeds ten mebibytes`() {
        let large = entries(5, bytes: 4 << 20)
        #expect(WeirClient.endOfBatch(large, from: 0) == 2)
        #expect(WeirClient.endOfBatch(large, from: 2) == 4)
        #expect(WeirClient.endOfBatch(large, from: 4) == 5)
        #expect(WeirClient.endOfBatch(entries(1, bytes: 11 << 20), from: 0) == 1)
    }
}

@Suite struct CallTests {
    @Test func `the service's code and text are the error`() async throws {
        let server = try FakeServer { _ in
            .reply(
                400, "{\"__type\":\"com.amazonaws#ResourceNotFoundException\",\"message\":\"S\"}")
        }
        let client = try server.client()
        do throws(ClientError) {
            _ = try await client.describe("absent")
            Issue.record("no error")
        } catch {
            #expect(
                error
                    == .service(code: "ResourceNotFoundException", message: "S", status: 400))
            #expect(error.code == .resourceNotFound && !error.isTransient)
        }
        #expect(server.requests.count == 1)
    }

    @Test func `a serialization error has its text under another key`() async throws {
        let server = try FakeServer { _ in
            .reply(400, "{\"__type\":\"SerializationException\",\"Message\":\"odd\"}")
        }
        let client = try server.client()
        await #expect(
            throws: ClientError.service(
                code: "SerializationException", message: "odd", status: 400)
        ) { _ = try await client.describe("s") }
    }

    @Test func `an answer that is not of the protocol is an error`() async throws {
        let server = try FakeServer { _ in .reply(200, "<html>") }
        let client = try server.client()
        do throws(ClientError) {
            _ = try await client.describe("s")
            Issue.record("no error")
        } catch {
            guard case .response = error else {
                Issue.record("\(error)")
                return
            }
        }
    }

    @Test func `a throttled call is tried again, a refused one is not`() async throws {
        let calls = Atomic<Int>(0)
        let server = try FakeServer { request in
            if request.operation == "DeleteStream" { return .reply(500, "{\"__type\":\"X\"}") }
            let call = calls.wrappingAdd(1, ordering: .relaxed).oldValue
            return call < 2 ? .refusal("LimitExceededException") : .reply(200, "")
        }
        let client = try server.client()
        try await client.commitCursor(
            consumerARN, shard: ShardID(index: 1), through: number(4, shard: 1))
        #expect(server.requests.count == 3)
        let request = try #require(server.requests.last)
        #expect(request.operation == "CommitCursor")
        #expect(request.text("SequenceNumber") == number(4, shard: 1).description)
        // What may have been done already is not done again.
        await #expect(throws: ClientError.self) { try await client.deleteStream("s") }
        #expect(server.requests("DeleteStream").count == 1)
    }

    @Test func `a consumer that exists is found again`() async throws {
        let description = """
            {"ConsumerARN":"\(consumerARN)","ConsumerName":"c","ConsumerStatus":"ACTIVE"}
            """
        let known = Atomic<Bool>(false)
        let server = try FakeServer { request in
            switch request.operation {
            case "DescribeStreamConsumer" where known.load(ordering: .relaxed):
                return .reply(200, "{\"ConsumerDescription\":\(description)}")
            case "DescribeStreamConsumer": return .refusal("ResourceNotFoundException")
            default:
                // Somebody else was faster.
                known.store(true, ordering: .relaxed)
                return .refusal("ResourceInUseException")
            }
        }
        let client = try server.client()
        let consumer = try await client.registerStreamConsumer("c", stream: consumerARN.stream)
        #expect(consumer.arn == consumerARN && consumer.status == .active)
        _ = try await client.registerStreamConsumer("c", stream: consumerARN.stream)
        #expect(server.requests("RegisterStreamConsumer").count == 1)
    }

    @Test func `many calls share a connection`() async throws {
        let server = try FakeServer { _ in .reply(200, "") }
        let client = try server.client()
        try await withThrowingTaskGroup { group in
            for index in 0..<300 {
                group.addTask {
                    try await client.commitCursor(
                        consumerARN, shard: ShardID(index: 0), through: number(UInt64(index)))
                }
            }
            try await group.waitForAll()
        }
        #expect(server.requests.count == 300)
        #expect(server.connectionCount.load(ordering: .relaxed) == 1)
    }

    @Test func `a cancelled call ends`() async throws {
        let server = try FakeServer { _ in .silence }
        let client = try server.client()
        let task = Task { try await client.describe("s") }
        while server.requests.isEmpty { await Task.yield() }
        task.cancel()
        await #expect(throws: ClientError.cancelled) { _ = try await task.value }
    }

    @Test func `closing the client ends its calls, and it takes no more`() async throws {
        let server = try FakeServer { _ in .silence }
        let client = try server.client()
        let task = Task { try await client.describe("s") }
        while server.requests.isEmpty { await Task.yield() }
        client.close()
        await #expect(throws: ClientError.self) { _ = try await task.value }
        await #expect(throws: ClientError.closed) { _ = try await client.describe("s") }
    }

    @Test func `a port that nobody listens on is an error at once`() async throws {
        let server = try FakeServer { _ in .silence }
        var configuration = try server.configuration()
        configuration.endpoint = Endpoint(host: "127.0.0.1", port: 1)
        let client = try WeirClient(configuration)
        do throws(ClientError) {
            _ = try await client.describe("s")
            Issue.record("no error")
        } catch {
            guard case .unreachable(let reason) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(reason.contains("127.0.0.1:1"))
        }
    }

    @Test func `a server that is not trusted is told nothing`() async throws {
        let server = try FakeServer { _ in .reply(200, "") }
        let other = try WeirClient(
            ClientConfiguration(endpoint: Endpoint(host: "127.0.0.1", port: server.port)))
        do throws(ClientError) {
            _ = try await other.describe("s")
            Issue.record("no error")
        } catch {
            guard case .unreachable(let reason) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(reason.contains("certificate verify failed"))
        }
        #expect(server.requests.isEmpty)
    }
}
