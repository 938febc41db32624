import Foundation
import Gateway
import Logging
import ShardLog
import Synchronization
import Testing
import TestSupport
import TLS

@testable import Server

struct CertificateRenewalTests {
    private static let day: Int64 = 86_400
    private static let second: UInt64 = 1_000_000_000

    /// A server's certificates in a folder of their own, under a clock that a test moves.
    private final class Bench: Sendable {
        let folder = TemporaryFolder("renewal")
        let certificates: Certificates
        let wall: Mutex<Int64>
        /// What the log takes for the time, if it does not believe the other.
        let known = Mutex<Int64?>(nil)
        let applied = Mutex<[Identity]>([])
        let lines = Mutex<[String]>([])

        init(at second: Int64, own: CertificateFiles? = nil) throws {
            wall = Mutex(second)
            var configuration = ServerConfiguration.example(folder: folder.path)
            configuration.certificateFiles = own
            certificates = Certificates(configuration: configuration, files: RealFileSystem())
            try RealFileSystem().makeFolder(folder.path)
        }

        func start() throws -> CertificateRenewal {
            let identity = try certificates.load(now: times())
            let logger = Logger(label: "test") { _ in Lines { [self] line in add(line) } }
            return CertificateRenewal(
                certificates, inForce: identity, logger: logger,
                times: { [self] in times() },
                apply: { [self] identity in applied.withLock { $0.append(identity) } })
        }

        private func times() -> ClosedRange<Int64> {
            let wall = wall.withLock { $0 }
            let known = known.withLock { $0 } ?? wall
            return min(wall, known)...max(wall, known)
        }

        private func add(_ line: String) { lines.withLock { $0.append(line) } }

        func authority() throws -> Data {
            try Data(contentsOf: URL(fileURLWithPath: folder.path + "/tls/ca.pem"))
        }
    }

    /// Keeps what is logged.
    private struct Lines: LogHandler {
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.debug
        let take: @Sendable (String) -> Void

        init(take: @escaping @Sendable (String) -> Void) { self.take = take }

        subscript(metadataKey key: String) -> Logger.MetadataValue? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) { take("\(event.message)") }
    }

    @Test func `a clock that went back behind the certificate's beginning has it issued anew`()
        throws
    {
        let now: Int64 = 1_800_000_000
        let bench = try Bench(at: now + 400 * Self.day)
        let renewal = try bench.start()
        let authority = try bench.authority()
        renewal.look(now: Self.second)
        #expect(bench.applied.withLock(\.count) == 0)
        bench.wall.withLock { $0 = now }
        for tick in 2..<10 { renewal.look(now: UInt64(tick) * Self.second) }
        let applied = bench.applied.withLock { $0 }
        #expect(applied.count == 1)
        #expect(applied.allSatisfy { $0.validFromSeconds <= now && now < $0.validUntilSeconds })
        #expect(try bench.authority() == authority)
        // And a start finds it good.
        #expect(try bench.certificates.load(now: now...now).validFromSeconds <= now)
    }

    @Test func `a clock that is wrong for a moment shuts out nobody`() throws {
        let now: Int64 = 1_800_000_000
        for wrong in [now + 400 * Self.day, now - 400 * Self.day, 0] {
            let bench = try Bench(at: now)
            let renewal = try bench.start()
            var inForce = try bench.certificates.load(now: now...now)
            for tick in Int64(1)..<20 {
                // Seen by the log as wrong at once, and right again after three seconds.
                let isWrong = (5..<8).contains(tick)
                bench.known.withLock { $0 = isWrong ? now + tick : nil }
                bench.wall.withLock { $0 = isWrong ? wrong + tick : now + tick }
                renewal.look(now: UInt64(tick) * Self.second)
                inForce = bench.applied.withLock { $0.last } ?? inForce
                for time in isWrong ? [now + tick, wrong + tick] : [now + tick] {
                    #expect(inForce.validFromSeconds <= time && time < inForce.validUntilSeconds)
                }
            }
            // At the end it is one that browsers take.
            #expect(
                inForce.validUntilSeconds - inForce.validFromSeconds <= Certificates.longestSeconds)
            #expect(bench.applied.withLock(\.count) <= 2)
        }
    }

    @Test func `a first start by a wrong clock is mended as soon as the clock is`() throws {
        let now: Int64 = 1_800_000_000
        let bench = try Bench(at: now + 400 * Self.day)
        let renewal = try bench.start()
        // The log does not believe the right one yet, and issuing has only just been tried.
        bench.known.withLock { $0 = now + 400 * Self.day }
        for tick in Int64(1)..<4 {
            bench.wall.withLock { $0 = tick % 2 == 0 ? now + 500 * Self.day : now }
            renewal.look(now: UInt64(tick) * Self.second)
            let inForce = try #require(bench.applied.withLock { $0.last })
            #expect(inForce.validFromSeconds <= now && now < inForce.validUntilSeconds)
        }
    }

    @Test func `a node that runs for years has a certificate that is valid on each day`() throws {
        let start: Int64 = 1_800_000_000
        let bench = try Bench(at: start)
        let renewal = try bench.start()
        var inForce = try bench.certificates.load(now: start...start)
        for day in 0..<Int64(3_000) {
            let now = start + day * Self.day
            bench.wall.withLock { $0 = now }
            renewal.look(now: UInt64(1 + day) * 86_400 * Self.second)
            inForce = bench.applied.withLock { $0.last } ?? inForce
            #expect(inForce.validFromSeconds <= now && now < inForce.validUntilSeconds)
        }
        // Each lasts 337 days.
        #expect(bench.applied.withLock(\.count) == 8)
    }

    @Test func `what cannot be issued is told once and tried again`() throws {
        let start: Int64 = 1_800_000_000
        let bench = try Bench(at: start)
        let renewal = try bench.start()
        let key = URL(fileURLWithPath: bench.folder.path + "/tls/ca-key.pem")
        let kept = try Data(contentsOf: key)
        try Data("no key".utf8).write(to: key)
        bench.wall.withLock { $0 += 390 * Self.day }
        for tick in 1..<200 { renewal.look(now: UInt64(tick) * Self.second) }
        #expect(bench.applied.withLock(\.count) == 0)
        #expect(bench.lines.withLock { $0 }.count == 1)
        #expect(bench.lines.withLock { $0.first }?.contains("/tls") == true)
        try kept.write(to: key)
        renewal.look(now: 1_000 * Self.second)
        #expect(bench.applied.withLock(\.count) == 1)
    }

    /// At the end of an authority's ten years nothing better can be issued.
    @Test func `a certificate that ends with its authority is not put in force again and again`()
        throws
    {
        let start: Int64 = 1_800_000_000
        let bench = try Bench(at: start)
        _ = try bench.certificates.load(now: start...start)
        bench.wall.withLock { $0 = start + 3_645 * Self.day }
        let renewal = try bench.start()
        for tick in 1..<500 { renewal.look(now: UInt64(tick) * Self.second) }
        #expect(bench.applied.withLock(\.count) == 0)
        #expect(bench.lines.withLock { $0 }.isEmpty)
    }

    @Test func `a user's own certificate is left alone until the user says so`() throws {
        let start: Int64 = 1_800_000_000
        let issuer = try CertificateAuthority.create(now: start)
        let issued = try issuer.issue(names: ["localhost"], addresses: [], now: start)
        let folder = TemporaryFolder("own")
        let files = CertificateFiles(
            certificate: try folder.write(issued.certificateChainPEM, to: "server.pem"),
            key: try folder.write(issued.privateKeyPEM, to: "server-key.pem"))
        let bench = try Bench(at: start, own: files)
        let renewal = try bench.start()
        bench.wall.withLock { $0 += 1_000 * Self.day }
        for tick in 1..<200 { renewal.look(now: UInt64(tick) * Self.second) }
        #expect(bench.applied.withLock(\.count) == 0)
        renewal.reload()
        #expect(bench.applied.withLock(\.count) == 1)
    }
}

extension ServerConfiguration {
    /// As `weir serve` has it without options.
    fileprivate static func example(folder: String) -> ServerConfiguration {
        ServerConfiguration(
            dataFolder: folder, listen: ListenAddress(host: "localhost", port: 0), reactors: 1,
            durability: .commit, certificateFiles: nil, region: "us-east-1",
            account: "000000000000", bodyMemoryBytes: 1 << 20, timeScale: 1,
            stateDelayMilliseconds: 0, quotas: Quotas(), scaling: nil, allowsFaultInjection: false,
            logLevel: .info)
    }
}
