import Foundation
import Kinesis
import ServerDouble
import Synchronization
import Testing
import Wire

@testable import WeirClient

private func shard(_ index: UInt32) -> ShardID { ShardID(index: index) }

@Suite struct ShardLineageTests {
    @Test func `shards begin with those whose parents are not read`() {
        var lineage = ShardLineage([
            (shard(0), []), (shard(1), []), (shard(2), [shard(0)]),
            (shard(3), [shard(0), shard(1)]),
        ])
        #expect(lineage.begin() == [shard(0), shard(1)])
        #expect(lineage.begin() == [])
        lineage.finish(shard(0), children: [child(2, of: 0), child(3, of: 0, 1)])
        #expect(lineage.begin() == [shard(2)])
        lineage.finish(shard(1), children: [child(3, of: 0, 1)])
        #expect(lineage.begin() == [shard(3)])
    }

    @Test func `a parent that is not followed counts as read`() {
        var lineage = ShardLineage([(shard(7), [shard(3)])])
        #expect(lineage.begin() == [shard(7)])
        lineage.finish(shard(7), children: [child(9, of: 7, 4)])
        #expect(lineage.begin() == [shard(9)])
    }

    @Test func `a child that both parents name begins once`() {
        var lineage = ShardLineage([(shard(0), []), (shard(1), [])])
        _ = lineage.begin()
        lineage.finish(shard(1), children: [child(2, of: 0, 1)])
        #expect(lineage.begin() == [])
        lineage.finish(shard(0), children: [child(2, of: 0, 1)])
        #expect(lineage.begin() == [shard(2)])
        #expect(lineage.count == 3)
    }
}

/// A description of shards as ListShards gives it.
private func list(_ shards: [(UInt32, [UInt32])]) -> String {
    let descriptions = shards.map { index, parents in
        let names = ["ParentShardId", "AdjacentParentShardId"]
        let members = zip(names, parents).map { "\"\($0)\":\"\(shard($1))\"," }.joined()
        return """
            {"ShardId":"\(shard(index))",\(members)"HashKeyRange":{"StartingHashKey":"0",\
            "EndingHashKey":"1"},"SequenceNumberRange":{"StartingSequenceNumber":\
            "\(number(0, shard: index))"}}
            """
    }
    return "{\"Shards\":[\(descriptions.joined(separator: ","))]}"
}

@Suite struct StreamSubscriptionTests {
    private static let first = EventStream.initialResponse

    /// Two shards; the first is split, and its second child is merged with the other shard.
    private static func answer(_ request: FakeServer.Request) -> FakeServer.Answer {
        if request.operation == "ListShards" { return .reply(200, list([(0, []), (1, [])])) }
        switch request.text("ShardId").last {
        case "0":
            return .stream(
                [first, event(1...2), end([child(2, of: 0), child(3, of: 0)])], .complete)
        case "1":
            return .stream([first, event(1...1, shard: 1), end([child(4, of: 1, 3)])], .complete)
        case "2": return .stream([first, event(1...1, shard: 2)], .hold)
        case "3":
            return .stream([first, event(1...1, shard: 3), end([child(4, of: 1, 3)])], .complete)
        default: return .stream([first, event(1...1, shard: 4)], .hold)
        }
    }

    @Test func `children are read after both parents, from their beginning`() async throws {
        let server = try FakeServer { Self.answer($0) }
        let client = try server.client()
        let subscription = try await client.subscribe(
            stream: "s", consumer: consumerARN, from: .latest)
        var order: [UInt32] = []
        for try await event in subscription {
            order += event.records.map(\.shard.index)
            if order.count == 6 { break }
        }
        #expect(order.sorted() == [0, 0, 1, 2, 3, 4])
        let place = Dictionary(
            order.enumerated().map { ($0.element, $0.offset) }, uniquingKeysWith: { $1 })
        for (parent, child) in [(0, 2), (0, 3), (1, 4), (3, 4)] as [(UInt32, UInt32)] {
            #expect(place[parent] ?? .max < place[child] ?? -1, "\(order)")
        }
        let positions = server.requests("SubscribeToShard").map {
            "\($0.text("ShardId").suffix(1)) \($0.position)"
        }
        #expect(
            positions.sorted() == [
                "0 LATEST", "1 LATEST", "2 TRIM_HORIZON", "3 TRIM_HORIZON", "4 TRIM_HORIZON",
            ])
        let filter = server.requests("ListShards").first?.json["ShardFilter"] as? [String: String]
        #expect(filter == ["Type": "AT_LATEST"])
    }

    @Test func `a cursor is asked for in children too`() async throws {
        let server = try FakeServer { Self.answer($0) }
        let client = try server.client()
        let subscription = try await client.subscribe(
            stream: "s", consumer: consumerARN, from: .cursor)
        var count = 0
        for try await event in subscription {
            count += event.records.count
            if count == 6 { break }
        }
        #expect(Set(server.requests("SubscribeToShard").map(\.position)) == ["CURSOR"])
    }

    @Test func `a sequence number is no place in a whole stream`() async throws {
        let server = try FakeServer { Self.answer($0) }
        let client = try server.client()
        await #expect(throws: ClientError.self) {
            _ = try await client.subscribe(
                stream: "s", consumer: consumerARN, from: .atSequenceNumber("1"))
        }
        #expect(server.requests.isEmpty)
    }

    @Test func `shards are listed page by page`() async throws {
        let server = try FakeServer { request in
            var page = list(request.text("NextToken") == "t" ? [(1, [])] : [(0, [])])
            if request.text("NextToken").isEmpty {
                page.removeLast()
                page += ",\"NextToken\":\"t\"}"
            }
            return .reply(200, page)
        }
        let client = try server.client()
        let shards = try await client.listShards("s")
        #expect(shards.map(\.id) == [shard(0), shard(1)])
        #expect(server.requests.last?.json.keys.sorted() == ["NextToken"])
    }

    @Test(arguments: ["the same token", "another token and nothing else"])
    func `a list of shards that does not come to an end is given up`(how: String) async throws {
        let made = Mutex(0)
        let server = try FakeServer { _ in
            let number = made.withLock { made in
                made += 1
                return made
            }
            return .reply(
                200,
                how == "the same token"
                    ? list([(UInt32(number), [])]).dropLast() + ",\"NextToken\":\"t\"}"
                    : "{\"Shards\":[],\"NextToken\":\"\(number)\"}")
        }
        let client = try server.client()
        await #expect(throws: ClientError.response("the list of shards does not come to an end")) {
            _ = try await client.listShards("s")
        }
        #expect(server.requests.count <= 101)
    }

    @Test func `a list of streams that begins again is given up`() async throws {
        let server = try FakeServer { _ in
            .reply(200, "{\"StreamNames\":[\"a\",\"b\"],\"HasMoreStreams\":true}")
        }
        let client = try server.client()
        await #expect(
            throws: ClientError.response("the list of streams does not go on behind b")
        ) { _ = try await client.listStreams() }
        #expect(server.requests.count == 2)
    }
}
