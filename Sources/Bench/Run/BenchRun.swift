import Kinesis
import WeirClient

/// One run of `weir bench`: a server, a stream of its own on it, and the disk measured before and
/// after each load.
public struct BenchRun: Sendable {
    let options: BenchOptions
    let server: BenchServer
    let client: WeirClient

    /// Finds or starts the server, and ends what it started whatever happens. Throws what `body`
    /// throws, a `ClientError` when the server cannot be used, and a `BenchFailure`.
    public static func with(
        _ options: BenchOptions, _ body: @Sendable (BenchRun) async throws -> Void
    ) async throws {
        let server = try BenchServer.find(options)
        defer { server.end() }
        let client = try WeirClient(server.configuration)
        defer { client.close() }
        try await body(BenchRun(options: options, server: server, client: client))
    }

    /// Makes a stream for the duration of `body`.
    func withStream<Result>(
        shards: Int, _ body: (String) async throws -> Result
    ) async throws -> Result {
        let stream = "weir-bench-" + String(UInt64.random(in: 0...UInt64.max), radix: 36)
        try await client.createStream(stream, shards: shards)
        do {
            let result = try await body(stream)
            try await client.deleteStream(stream)
            return result
        } catch {
            // The first error is the one to tell.
            try? await client.deleteStream(stream)
            throw error
        }
    }

    /// Measures the disk; with a pace, also at so many writes a second.
    func probeDisk(pace: Double? = nil) -> DiskProbe? {
        server.folder.flatMap { DiskProbe(folder: $0, pace: pace) }
    }

    /// Measures once more behind the load, so that a disk that changes shows.
    func probeAgain(_ probe: inout DiskProbe?, pace: Double? = nil) {
        if let folder = server.folder { probe?.measure(folder, pace: pace) }
    }

    /// Registers consumers of a stream, many at a time: their registrations share commits.
    func consumers(_ count: Int, of stream: String) async throws -> [ConsumerARN] {
        let arn = try await client.describe(stream).arn
        let client = client
        return try await withThrowingTaskGroup(of: (Int, ConsumerARN).self) { group in
            var consumers = [ConsumerARN?](repeating: nil, count: count)
            var next = 0
            func add() {
                let number = next
                next += 1
                group.addTask {
                    let name = "bench-\(number)"
                    return (number, try await client.registerStreamConsumer(name, stream: arn).arn)
                }
            }
            while next < min(count, Self.registrationsAtATime) { add() }
            while let (number, consumer) = try await group.next() {
                consumers[number] = consumer
                if next < count { add() }
            }
            return consumers.compactMap { $0 }
        }
    }

    private static let registrationsAtATime = 64
}

/// A run that brought no figure.
public struct BenchFailure: Error, CustomStringConvertible {
    /// Why, in one line.
    public var description: String

    public init(_ description: String) { self.description = description }
}
