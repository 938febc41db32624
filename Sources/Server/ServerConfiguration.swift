public import Catalog
public import Gateway
public import Reactor
public import ShardLog

/// Everything that `weir serve` was told.
public struct ServerConfiguration: Sendable {
    /// Where the log, the catalog and the certificates live; made if it is missing.
    public var dataFolder: String
    public var listen: ListenAddress
    /// Threads that own connections, 1 to 64.
    public var reactors: Int
    public var durability: Durability
    /// PEM files of the user's own certificate chain and key; without them the server makes its own.
    public var certificateFiles: CertificateFiles?
    /// Region of requests whose credentials name none.
    public var region: String
    /// Twelve digits.
    public var account: String
    /// Node-wide memory for request bodies, bytes.
    public var bodyMemoryBytes: Int
    /// Factor on lifetimes and expiries, for tests; 1 in production.
    public var timeScale: Double
    /// How long streams and consumers are CREATING, UPDATING and DELETING, 0 to 60000.
    public var stateDelayMilliseconds: Int
    /// What accounts, streams and shards may have and do.
    public var quotas: Quotas
    /// When on-demand streams scale by themselves; nil if never.
    public var scaling: OnDemandScaling?
    /// Whether callers may inject faults.
    public var allowsFaultInjection: Bool
    /// The operator says that the system's clock is right; see `ShardLog.Configuration`.
    public var acceptsClock = false
    /// Threads for what would hold up a reactor, 1 to 64 for each lane.
    public var blockingThreads = BlockingPool.Threads()
    public var logLevel: LogLevel
    /// Whether reactors measure the processor time of each turn, for tests.
    public var measuresTurns = false

    public init(
        dataFolder: String, listen: ListenAddress, reactors: Int, durability: Durability,
        certificateFiles: CertificateFiles?, region: String, account: String,
        bodyMemoryBytes: Int, timeScale: Double, stateDelayMilliseconds: Int,
        quotas: Quotas, scaling: OnDemandScaling?, allowsFaultInjection: Bool,
        logLevel: LogLevel
    ) {
        self.dataFolder = dataFolder
        self.listen = listen
        self.reactors = reactors
        self.durability = durability
        self.certificateFiles = certificateFiles
        self.region = region
        self.account = account
        self.bodyMemoryBytes = bodyMemoryBytes
        self.timeScale = timeScale
        self.stateDelayMilliseconds = stateDelayMilliseconds
        self.quotas = quotas
        self.scaling = scaling
        self.allowsFaultInjection = allowsFaultInjection
        self.logLevel = logLevel
    }
}

extension ServerConfiguration {
    /// How the catalog takes changes.
    var rules: CatalogRules {
        var rules = CatalogRules()
        rules.passesThroughStates = stateDelayMilliseconds > 0
        rules.scaling = scaling
        rules.shardsPerAccount = quotas.shards ?? rules.shardsPerAccount
        rules.onDemandStreamsPerAccount =
            quotas.onDemandStreams ?? rules.onDemandStreamsPerAccount
        rules.creatingStreamsPerAccount =
            quotas.creatingStreams ?? rules.creatingStreamsPerAccount
        rules.creatingConsumersPerStream =
            quotas.creatingConsumers ?? rules.creatingConsumersPerStream
        // The node's own bound holds beside what the operator says.
        rules.consumersPerStream =
            min(quotas.consumers ?? rules.consumersPerStream, rules.consumersPerStream)
        rules.consumersPerCommittedStream = min(
            quotas.committedConsumers ?? quotas.consumers ?? rules.consumersPerCommittedStream,
            rules.consumersPerCommittedStream)
        return rules
    }

    /// Reads the value of `--limits`.
    public static func quotas(_ text: String) throws(Quotas.Misunderstood) -> Quotas {
        try Quotas(text: text)
    }

    /// Reads the value of `--on-demand-scaling`: `off`, or `NAME=VALUE` parts with commas between
    /// them, each instead of its default.
    public static func scaling(_ text: String) throws(Misunderstood) -> OnDemandScaling? {
        if text == "off" { return nil }
        var scaling = OnDemandScaling()
        if text == "on" { return scaling }
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2, let value = Int(pair[1]), (1...1_000_000_000).contains(value)
            else {
                throw Misunderstood(
                    description: "\(part): expected off, on, or NAME=VALUE with a number from 1")
            }
            switch pair[0] {
            case "bytes": scaling.bytesPerSecond = value
            case "records": scaling.recordsPerSecond = value
            case "seconds": scaling.seconds = value
            case "shards": scaling.shards = value
            default:
                throw Misunderstood(
                    description: "\(pair[0]): expected bytes, records, seconds or shards")
            }
        }
        return scaling
    }

    /// Reads the value of `--blocking-threads`: `NAME=VALUE` parts with commas between them, each
    /// instead of its default.
    public static func blockingThreads(
        _ text: String
    ) throws(Misunderstood) -> BlockingPool.Threads {
        var threads = BlockingPool.Threads()
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2, let count = Int(pair[1]), (1...64).contains(count) else {
                throw Misunderstood(
                    description: "\(part): expected NAME=VALUE with a number from 1 to 64")
            }
            switch pair[0] {
            case "disk": threads.disk = count
            case "cpu": threads.processor = count
            case "pages": threads.pages = count
            default:
                throw Misunderstood(description: "\(pair[0]): expected disk, cpu or pages")
            }
        }
        return threads
    }

    /// Why the text of an option is not understood.
    public struct Misunderstood: Error, CustomStringConvertible {
        public let description: String
    }

    /// Reads `commit`, `interval:MS` (1 to 60000) or `os`; nil if it is none of them.
    public static func durability(_ text: String) -> Durability? {
        switch text {
        case "commit": return .commit
        case "os": return .os
        default:
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2, parts[0] == "interval", let milliseconds = Int(parts[1]),
                (1...60_000).contains(milliseconds)
            else { return nil }
            return .interval(milliseconds: milliseconds)
        }
    }
}

/// A certificate chain and its key, as PEM files.
public struct CertificateFiles: Sendable {
    public var certificate: String
    public var key: String

    public init(certificate: String, key: String) {
        self.certificate = certificate
        self.key = key
    }
}

/// What is written to standard error: this severity and above.
public enum LogLevel: String, Sendable, CaseIterable {
    case debug
    case info
    case warning
    case error
}

/// HOST:PORT of `--listen`. Port 0 picks any free one.
public struct ListenAddress: Sendable, Equatable {
    public var host: String
    public var port: UInt16

    /// The port that people of other Kinesis emulators have in their configuration.
    public static let standard = ListenAddress(host: "localhost", port: 4567)

    public init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// Reads `HOST:PORT`, `[IPv6]:PORT` or `:PORT`; nil if it is none of them.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"),
            let port = UInt16(text[text.index(after: colon)...])
        else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        self.init(host: host.isEmpty ? "localhost" : String(host), port: port)
    }

    /// Whether only processes of this machine can reach it.
    public var isLoopback: Bool {
        host == "localhost" || host == "::1" || isIPv4Loopback
    }

    private var isIPv4Loopback: Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
