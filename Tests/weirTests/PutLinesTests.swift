import Foundation
import Kinesis
import ServerDouble
import Synchronization
import Testing

@testable import WeirClient
@testable import weir

/// Answers PutRecords; `stores` tells of each record, by the number of its call and its place.
private func putServer(
    _ stores: @escaping @Sendable (_ call: Int, _ data: String) -> Bool
) throws -> FakeServer {
    let calls = Atomic<Int>(0)
    let indices = Atomic<UInt64>(0)
    return try FakeServer { request in
        let call = calls.wrappingAdd(1, ordering: .relaxed).oldValue
        let records = request.json["Records"] as? [[String: Any]] ?? []
        let results = records.map { record in
            let data = Data(base64Encoded: record["Data"] as? String ?? "") ?? Data()
            guard stores(call, String(decoding: data, as: UTF8.self)) else {
                return #"{"ErrorCode":"InternalFailure","ErrorMessage":"broken"}"#
            }
            let number = SequenceNumber(
                shardCreatedSecond: 1_790_000_000, shardIndex: 0,
                index: indices.wrappingAdd(1, ordering: .relaxed).newValue, second: 1_790_000_000)
            return #"{"SequenceNumber":"\#(number)","ShardId":"shardId-000000000000"}"#
        }
        return .reply(200, "{\"Records\":[\(results.joined(separator: ","))]}")
    }
}

private func putter(_ server: FakeServer, recordBytes: Int = 1 << 20) throws -> LinePutter {
    let client = try server.client { $0.retry.attempts = 3 }
    return LinePutter(
        client: client, stream: "s", key: "k", recordBytes: recordBytes, output: nil)
}

/// A reader of a text that comes in pieces of `piece` bytes.
private func reader(_ text: String, piece: Int = 1_000) -> LineReader {
    let bytes = Array(text.utf8)
    let place = Mutex(0)
    return LineReader { buffer in
        place.withLock { place in
            let part = bytes[place..<min(place + piece, bytes.count)]
            place += part.count
            buffer.replaceSubrange(..<part.count, with: part)
            return part.count
        }
    }
}

private func lines(_ range: Range<Int>) -> String {
    range.map { "\($0)\n" }.joined()
}

@Suite(.timeLimit(.minutes(1))) struct PutLinesTests {
    @Test func `all lines are put in their order`() async throws {
        let server = try putServer { _, _ in true }
        var putter = try putter(server)
        try await putter.putAll(reader(lines(0..<3_000)))
        let data = server.requests.flatMap { request in
            (request.json["Records"] as? [[String: String]] ?? []).map { $0["Data"] ?? "" }
        }
        #expect(
            data == (0..<3_000).map { Data("\($0)".utf8).base64EncodedString() })
        #expect(putter.progress.summary == "put 3000 records into s")
    }

    @Test func `what is refused for good is counted, with the line to go on from`() async throws {
        let server = try putServer { _, data in data != "700" }
        var putter = try putter(server)
        do {
            try await putter.putAll(reader(lines(0..<800), piece: 1 << 20))
            Issue.record("no error")
        } catch let failure as CommandFailure {
            #expect(failure.status == .refused)
            #expect(
                failure.description
                    == "broken (InternalFailure); put 799 records into s; 1 record that was read is "
                    + "not acknowledged; the first of them is line 701")
        }
    }

    @Test func `a call that stores something begins the attempts anew`() async throws {
        // Each call stores one record: twenty calls, where three in vain would be an error.
        let stored = Mutex<Set<Int>>([])
        let server = try putServer { call, _ in
            stored.withLock { $0.insert(call).inserted }
        }
        var putter = try putter(server)
        try await putter.putAll(reader(lines(0..<20), piece: 1 << 20))
        #expect(server.requests.count == 20 && putter.progress.acknowledged == 20)
    }

    @Test func `a line that is too long for the stream is named after those before it were put`()
        async throws
    {
        let server = try putServer { _, _ in true }
        var putter = try putter(server, recordBytes: 100)
        let fits = String(repeating: "x", count: 99)
        do {
            try await putter.putAll(reader("a\n\(fits)\n\(fits)x\nb\n"))
            Issue.record("no error")
        } catch let failure as CommandFailure {
            #expect(failure.status == .data)
            #expect(failure.description.hasPrefix("line 3 has 101 bytes with its key"))
            #expect(failure.description.contains("put 2 records into s; 2 records"))
        }
        #expect(server.requests.count == 1)
    }

    @Test func `a failure ends the reading of an input that has no end`() async throws {
        let server = try FakeServer { _ in .refusal("ResourceNotFoundException") }
        var putter = try putter(server)
        do {
            try await putter.putAll(
                LineReader { buffer in
                    buffer.replaceSubrange(..<2, with: Array("x\n".utf8))
                    return 2
                })
            Issue.record("no error")
        } catch let failure as CommandFailure {
            #expect(failure.status == .refused && failure.description.contains("put 0 records"))
        }
    }
}
