import Catalog
import Crypto
import Gateway
import Glibc
import Kinesis
import Logging
import Reactor
import ShardLog
import Synchronization
import System
import TLS

/// The process: what starts in which order, and how it ends.
///
/// Start: the data folder and its lock, recovery, certificates, the listener, the reactors; then
/// the ready line. End: on SIGTERM or SIGINT nothing new is taken, subscriptions end cleanly, what
/// was accepted is answered, and the log is synced.
public enum Server {
    /// Subscriptions end within this time of a drain.
    private static let drainMilliseconds: UInt64 = 1000
    /// What is still open then is waited for this long.
    private static let drainLimitMilliseconds: UInt64 = 10_000

    /// Runs until a signal ends it.
    ///
    /// - Parameter announced: Called just before the ready line, unless people want warnings only.
    public static func run(
        _ configuration: ServerConfiguration, announced: (ServerReach) -> Void = { _ in }
    ) throws(StartFailure) {
        // Keys and records are nobody else's: files that we make are readable by this user only.
        _ = umask(0o077)
        let files = RealFileSystem()
        Allocator.setUp(reactors: configuration.reactors)
        let resources = try Resources.find(configuration, files)
        let signals = try step("signals") { () throws(SystemError) in try Signals() }
        let logger = makeLogger(configuration.logLevel)
        let (log, catalog) = try openLog(configuration, resources, files)
        for note in log.recoveryNotes + log.takeNotices() { logger.warning("\(note)") }
        do throws(StartFailure) {
            try serve(
                configuration, resources, log, catalog, files, signals, logger, announced)
        } catch {
            // Not left as after a crash: what is tried again and again, as a busy port, would leave
            // a journal file behind each time. The failure of the start is the one to tell.
            try? log.close()
            throw error
        }
        do {
            try log.close()
        } catch {
            throw StartFailure("The log was not closed cleanly: \(error)")
        }
        logger.info("stopped")
    }

    /// From an open log to a drained server.
    private static func serve(
        _ configuration: ServerConfiguration, _ resources: Resources, _ log: ShardLog,
        _ catalog: Catalog, _ files: RealFileSystem, _ signals: Signals, _ logger: Logger,
        _ announced: (ServerReach) -> Void
    ) throws(StartFailure) {
        let certificates = Certificates(configuration: configuration, files: files)
        let times = { @Sendable () -> ClosedRange<Int64> in
            let (wall, known) = (WallClock.milliseconds / 1000, log.presentMilliseconds() / 1000)
            return min(wall, known)...max(wall, known)
        }
        let identity = try certificates.load(now: times())
        let tokenKey = try readTokenKey(configuration, files)
        let listener = try listen(configuration.listen)
        let lines = try step("log writer") { () throws(SystemError) in try LogWriter(logger) }
        log.observeHealth { health in
            switch health {
            case .accepting: lines.write(.info, "all writes are taken again")
            case .lacking(let reason): lines.write(.warning, "records may be refused: \(reason)")
            case .refusing(let reason): lines.write(.error, "no writes are taken: \(reason)")
            }
        }
        let node = try step("blocking pool") { () throws(SystemError) in
            try Node(
                settings: GatewaySettings(
                    region: configuration.region, account: configuration.account,
                    bodyMemoryBytes: configuration.bodyMemoryBytes,
                    timeScale: TimeScale(factor: configuration.timeScale),
                    stateDelayMilliseconds: configuration.stateDelayMilliseconds,
                    quotas: configuration.quotas,
                    allowsFaultInjection: configuration.allowsFaultInjection,
                    connections: resources.shares.connections,
                    blockingThreads: configuration.blockingThreads),
                log: log, catalog: catalog, tokenKey: tokenKey, reactors: configuration.reactors,
                report: { notice in
                    lines.write(notice.isWarning ? .warning : .info, notice.description)
                }, pages: pageRoutes)
        }
        for line in node.missingRecords { logger.error("\(line)") }
        let tickets = TicketKeys()
        let renewal = CertificateRenewal(
            certificates, inForce: identity, logger: logger, times: times
        ) { node.reload($0) }
        let trimmer = MemoryTrimmer(files: files) { node.heldBytes }
        let housekeeper = try step("housekeeper") { () throws(SystemError) in
            try Housekeeper(
                log: log, catalog: catalog, ephemerals: EphemeralConsumers(node), tickets: tickets,
                renewal: renewal, trimmer: trimmer,
                stateDelayMilliseconds: configuration.stateDelayMilliseconds,
                logger: logger)
        }
        let reactors = try startReactors(
            configuration, node: node, identity: identity, tickets: tickets, listener: listener,
            housekeeper: housekeeper)
        announce(configuration, resources, listener, certificates, logger, announced)
        // The log began with a short journal file; the next is made ready before that is full.
        housekeeper.wake()
        waitForEnd(signals, renewal)
        drain(node, reactors, logger)
        housekeeper.finish()
    }

    // MARK: Start

    private static func openLog(
        _ configuration: ServerConfiguration, _ resources: Resources, _ files: RealFileSystem
    ) throws(StartFailure) -> (ShardLog, Catalog) {
        let folder = configuration.dataFolder
        do {
            try files.makeFolder(folder)
            var log = ShardLog.Configuration(
                folder: folder + "/log", wallMilliseconds: { WallClock.milliseconds }, files: files)
            log.durability = configuration.durability
            log.isClockSynchronized = { WallClock.isSynchronized(milliseconds: $0) }
            log.acceptsClock = configuration.acceptsClock
            log.descriptors = resources.shares.log
            log.mappedSegments = resources.mappedSegments
            return try Catalog.open(log, rules: configuration.rules)
        } catch {
            throw StartFailure("\(folder): \(error)")
        }
    }

    private static func readTokenKey(
        _ configuration: ServerConfiguration, _ files: RealFileSystem
    ) throws(StartFailure) -> TokenKey {
        let path = configuration.dataFolder + "/token.key"
        do {
            if let bytes = try files.contents(of: path) {
                guard bytes.count == TokenKey.byteCount else {
                    throw StartFailure(
                        """
                        \(path): expected \(TokenKey.byteCount) bytes. Remove it to have a new key \
                        made; iterators that clients hold will be refused.
                        """)
                }
                return TokenKey(bytes: bytes)
            }
            let bytes = Random.bytes(TokenKey.byteCount)
            try files.replace("token.key", in: configuration.dataFolder, with: bytes)
            return TokenKey(bytes: bytes)
        } catch let failure as StartFailure {
            throw failure
        } catch {
            throw StartFailure("\(path): \(error)")
        }
    }

    private static func listen(_ address: ListenAddress) throws(StartFailure) -> Listener {
        do throws(SystemError) {
            return try Listener.bind(host: address.host, port: address.port)
        } catch {
            if error.isAddressInUse {
                throw StartFailure(
                    """
                    --listen \(address.host):\(address.port): the port is in use by another \
                    program. Choose another one; port 0 picks a free one.
                    """)
            }
            throw StartFailure("--listen \(address.host):\(address.port): \(error)")
        }
    }

    /// Starts every reactor with its gateway; the first one accepts.
    private static func startReactors(
        _ configuration: ServerConfiguration, node: Node, identity: Identity,
        tickets: TicketKeys, listener: Listener, housekeeper: Housekeeper
    ) throws(StartFailure) -> [ReactorThread] {
        let started = StartLatch(reactors: configuration.reactors)
        var threads: [ReactorThread] = []
        for index in (0..<configuration.reactors).reversed() {
            let thread = try step("reactor \(index)") { () throws(SystemError) in
                try Reactor.start(index: index) { reactor in
                    reactor.measuresTurns = configuration.measuresTurns
                    do {
                        let gateway = try ReactorGateway(
                            node: node, reactor: reactor, identity: identity, tickets: tickets)
                        Allocator.growAhead()
                        gateway.everySecondAlso { Allocator.growAhead() }
                        if index == 0 { gateway.everySecondAlso { housekeeper.wake() } }
                        started.report(nil)
                    } catch {
                        started.report("reactor \(index): \(error)")
                    }
                }
            }
            threads.append(thread)
        }
        if let failure = started.wait() { throw StartFailure(failure) }
        node.listen(on: listener)
        return threads
    }

    private static func announce(
        _ configuration: ServerConfiguration, _ resources: Resources, _ listener: Listener,
        _ certificates: Certificates, _ logger: Logger, _ announced: (ServerReach) -> Void
    ) {
        logger.info(
            "listening on \(listener.addresses.map(\.description).joined(separator: ", "))")
        logger.info("\(resources)")
        logger.info("data in \(configuration.dataFolder), durability \(configuration.durability)")
        if logger.logLevel <= .info {
            announced(
                ServerReach(
                    port: listener.port, authorityFile: certificates.authorityPath,
                    region: configuration.region))
        }
        _ = StandardOutput.line("weir ready https://localhost:\(listener.port)")
    }

    // MARK: End

    /// Waits for SIGTERM or SIGINT; SIGHUP reads the certificates again.
    private static func waitForEnd(_ signals: Signals, _ renewal: CertificateRenewal) {
        while true {
            switch signals.wait() {
            case .terminate, .interrupt: return
            case .reload: renewal.reload()
            }
        }
    }

    private static func drain(_ node: Node, _ reactors: [ReactorThread], _ logger: Logger) {
        logger.info("draining \(node.openConnections) connections")
        node.drain(milliseconds: drainMilliseconds)
        // Nothing is asked of this thread any more; it looks every 10 ms whether all have left.
        var waited: UInt64 = 0
        while node.openConnections > 0, waited < drainLimitMilliseconds {
            usleep(10_000)
            waited += 10
        }
        if node.openConnections > 0 {
            logger.warning("closing \(node.openConnections) connections that are still open")
            node.closeConnections()
            // They close some in each turn.
            waited = 0
            while node.openConnections > 0, waited < 1_000 {
                usleep(10_000)
                waited += 10
            }
        }
        for reactor in reactors { reactor.stop() }
        for reactor in reactors { reactor.join() }
    }

    private static func makeLogger(_ level: LogLevel) -> Logger {
        var logger = Logger(label: "weir", factory: StreamLogHandler.standardError(label:))
        logger.logLevel =
            switch level {
            case .debug: .debug
            case .info: .info
            case .warning: .warning
            case .error: .error
            }
        return logger
    }

    /// Does one step of the start; says which one failed.
    private static func step<Value>(
        _ name: String, _ work: () throws(SystemError) -> Value
    ) throws(StartFailure) -> Value {
        do throws(SystemError) {
            return try work()
        } catch {
            throw StartFailure("\(name): \(error)")
        }
    }
}
