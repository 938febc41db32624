import ArgumentParser
import Server
import System

/// `weir serve`: the server, in the foreground.
struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the server in the foreground.",
        discussion: """
            Prints one line on standard output once connections are accepted:
              weir ready https://localhost:<port>
            How clients reach it is told on standard error before that. SIGTERM or SIGINT ends it \
            cleanly; SIGHUP reads the certificates again.
            """)

    @Option(help: "Folder for the log and the certificates; made if it is missing.")
    var data = "weir-data"

    @Option(help: "HOST:PORT to listen on; loopback only. Port 0 picks a free one.")
    var listen = "localhost:4567"

    @Option(help: "Threads that own connections, 1 to 64 (default: one a core).")
    var reactors: Int?

    @Option(
        help: """
            Threads for what would hold up those: disk (reads of cold records), cpu (large bodies \
            and plans), pages (/metrics). 1 to 64 each, e.g. disk=8,cpu=4.
            """)
    var blockingThreads = "disk=2,cpu=2,pages=1"

    @Option(
        help: """
            When a record is acknowledged: commit (it is on disk), interval:MS (on disk at most MS \
            milliseconds later), os (when the operating system chooses).
            """)
    var durability = "commit"

    @Option(help: "PEM file of your own certificate chain; needs --key.")
    var cert: String?

    @Option(help: "PEM file of the certificate's private key; needs --cert.")
    var key: String?

    @Option(help: "Region of requests whose credentials name none.")
    var region = "us-east-1"

    @Option(help: "Account of all streams, 12 digits.")
    var account = "000000000000"

    @Option(
        help: """
            Memory for request bodies, node-wide: bytes, or with K, M or G (default: a quarter of \
            the machine's).
            """)
    var memory: String?

    @Option(help: "debug, info, warning or error.")
    var logLevel = "info"

    @Option(
        help: """
            How long streams and consumers are CREATING, UPDATING and DELETING, in milliseconds, 0 \
            to 60000. With 0 they pass through at once, and waiters return with their first look.
            """)
    var stateDelayMs = 0

    @Option(
        help: """
            What streams and shards may have and do: none, aws (Amazon's quotas), or NAME=VALUE; \
            several with commas, e.g. aws,write-records=none,DescribeStream=50.
            """)
    var limits = "none"

    @Option(
        help: """
            When on-demand streams scale: off, on, or what differs from the defaults: a shard that \
            is written faster than bytes=524288 or records=500 a second on the average of \
            seconds=60 is split, up to shards=200.
            """)
    var onDemandScaling = "on"

    @Flag(
        help: """
            Let callers inject faults (throttle, delay, fail, expire iterators, cut or stall \
            subscriptions) for tests of their programs: Weir_20261122.InjectFault.
            """)
    var allowFaultInjection = false

    @Flag(
        help: """
            The system's clock is right, however far it is from when the node last ran, and all \
            that time has passed: records expire by it. For one start after a long time off, or \
            after the clock was wrong. Without it such a clock is believed after ten minutes, and \
            the time off does not count for retention.
            """)
    var acceptClock = false

    @Option(help: .hidden)
    var timeScale: Double = 1

    @Flag(help: .hidden)
    var measureTurns = false

    func run() throws {
        // A failure prints its one line on standard error, and the exit status is 1.
        try Server.run(try configuration()) { reach in
            StandardError.line(ReachText.text(reach, absolute: WorkingFolder.absolute))
        }
    }

    private func configuration() throws -> ServerConfiguration {
        guard let address = ListenAddress(listen) else {
            throw ValidationError("--listen \(listen): expected HOST:PORT, e.g. 127.0.0.1:4567.")
        }
        guard address.isLoopback else {
            throw ValidationError(
                """
                --listen \(listen): not a loopback address. Requests are not authenticated yet, so \
                the server only listens on 127.0.0.1, [::1] or localhost.
                """)
        }
        guard (cert == nil) == (key == nil) else {
            throw ValidationError("--cert and --key go together: give both or neither.")
        }
        guard account.utf8.count == 12, account.utf8.allSatisfy({ (48...57).contains($0) }) else {
            throw ValidationError("--account \(account): expected 12 digits.")
        }
        guard region.utf8.count <= 32, !region.isEmpty,
            region.utf8.allSatisfy({
                (97...122).contains($0) || (48...57).contains($0) || $0 == 45
            })
        else {
            throw ValidationError(
                "--region \(region): expected 1 to 32 of a-z, 0-9 and -, e.g. us-east-1.")
        }
        let threads = reactors ?? min(64, max(1, Processors.allowed))
        guard (1...64).contains(threads) else {
            throw ValidationError("--reactors \(threads): expected 1 to 64.")
        }
        guard let level = LogLevel(rawValue: logLevel) else {
            throw ValidationError(
                "--log-level \(logLevel): expected debug, info, warning or error.")
        }
        guard timeScale > 0, timeScale <= 1 else {
            throw ValidationError("--time-scale \(timeScale): expected more than 0 and at most 1.")
        }
        guard (0...60_000).contains(stateDelayMs) else {
            throw ValidationError("--state-delay-ms \(stateDelayMs): expected 0 to 60000.")
        }
        guard let durability = ServerConfiguration.durability(durability) else {
            throw ValidationError(
                "--durability \(self.durability): expected commit, interval:MS (1 to 60000) or os.")
        }
        var configuration = ServerConfiguration(
            dataFolder: data, listen: address, reactors: threads,
            durability: durability,
            certificateFiles: cert.flatMap { cert in
                key.map { CertificateFiles(certificate: cert, key: $0) }
            },
            region: region, account: account, bodyMemoryBytes: try parsedMemory(),
            timeScale: timeScale, stateDelayMilliseconds: stateDelayMs,
            quotas: try understood("--limits") { try ServerConfiguration.quotas(limits) },
            scaling: try understood("--on-demand-scaling") {
                try ServerConfiguration.scaling(onDemandScaling)
            },
            allowsFaultInjection: allowFaultInjection, logLevel: level)
        configuration.blockingThreads = try understood("--blocking-threads") {
            try ServerConfiguration.blockingThreads(blockingThreads)
        }
        configuration.measuresTurns = measureTurns
        configuration.acceptsClock = acceptClock
        return configuration
    }

    /// A value that says itself what is wrong with its text.
    private func understood<Value>(_ option: String, _ read: () throws -> Value) throws -> Value {
        do {
            return try read()
        } catch {
            throw ValidationError("\(option) \(error).")
        }
    }

    private func parsedMemory() throws -> Int {
        guard let memory else { return max(64 << 20, Machine.memoryBytes / 4) }
        let factors: [Character: Int] = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30]
        var digits = Substring(memory)
        var factor = 1
        if let last = digits.last, let known = factors[Character(last.uppercased())] {
            factor = known
            digits = digits.dropLast()
        }
        guard let number = Int(digits), number > 0,
            case let (bytes, overflow) = number.multipliedReportingOverflow(by: factor), !overflow,
            bytes >= 32 << 20
        else {
            throw ValidationError(
                "--memory \(memory): expected at least 32M (one request body), e.g. 512M or 2G.")
        }
        return bytes
    }
}
