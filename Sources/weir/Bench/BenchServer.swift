import Glibc
import Synchronization
import WeirClient

/// The server that a bench measures: one that runs already, or one of its own.
final class BenchServer: Sendable {
    let configuration: ClientConfiguration
    let pid: Int32?
    /// Where its disk is measured.
    let folder: String?
    /// The durability that is known because the bench chose it.
    let durability: String?
    /// The server that was started here, until it is ended.
    private let child: Mutex<ChildProcess?>
    private let arguments: [String]
    private let ownFolder: String?

    private init(
        _ configuration: ClientConfiguration, pid: Int32?, folder: String?,
        durability: String? = nil, child: ChildProcess? = nil, arguments: [String] = [],
        ownFolder: String? = nil
    ) {
        self.configuration = configuration
        self.pid = pid
        self.folder = folder
        self.durability = durability
        self.child = Mutex(child)
        self.arguments = arguments
        self.ownFolder = ownFolder
    }

    /// The server of the options; if none was named and none is at the usual place, a new one.
    static func find(_ options: BenchOptions) async throws -> BenchServer {
        let configuration = try options.endpoint.configuration()
        let isNamed =
            options.endpoint.endpointURL != nil || configuration.endpoint != .standard
        if !isNamed, await !isThere(configuration) { return try start(options) }
        return BenchServer(configuration, pid: options.serverPid, folder: options.data)
    }

    private static func isThere(_ configuration: ClientConfiguration) async -> Bool {
        guard let client = try? WeirClient(configuration) else { return false }
        defer { client.close() }
        do throws(ClientError) {
            _ = try await client.describe("weir-bench")
        } catch {
            // An answer that refuses is an answer.
            if case .unreachable = error { return false }
        }
        return true
    }

    private static func start(_ options: BenchOptions) throws -> BenchServer {
        let parent = options.data ?? "."
        guard let folder = BenchSystem.makeFolder(in: parent) else {
            throw ClientError.configuration("no folder can be made in \(parent)")
        }
        var arguments = [
            "weir", "serve", "--data", folder, "--listen", "localhost:0", "--log-level", "warning",
            "--durability", options.durability,
        ]
        if let reactors = options.reactors { arguments += ["--reactors", String(reactors)] }
        var started: ChildProcess?
        do {
            let (child, endpoint) = try spawn(arguments)
            started = child
            let configuration = try ClientConfiguration.resolved(
                endpointURL: endpoint, certificateFile: "\(folder)/tls/ca.pem",
                region: options.endpoint.region)
            return BenchServer(
                configuration, pid: child.pid, folder: folder, durability: options.durability,
                child: child, arguments: arguments, ownFolder: folder)
        } catch {
            started?.end()
            remove(folder)
            throw error
        }
    }

    /// Starts a server and waits until it says where it is to be reached.
    private static func spawn(
        _ arguments: [String]
    ) throws(ClientError) -> (ChildProcess, endpoint: String) {
        guard let child = ChildProcess("/proc/self/exe", arguments) else {
            throw .configuration("the server cannot be started")
        }
        let ready = "weir ready "
        guard let line = child.line(), line.hasPrefix(ready) else {
            child.end()
            throw .unreachable("the server does not become ready")
        }
        return (child, String(line.dropFirst(ready.count)))
    }

    /// Whether it was started here.
    var isOwn: Bool { ownFolder != nil }

    /// Ends a server that was started here and starts it again with its data; it is at another port
    /// then, and nothing is asked of it any more. Answers the seconds from exec to its ready line.
    func endAndTimeStart() throws(ClientError) -> Double {
        child.withLock { $0.take() }?.end()
        let start = BenchSystem.now
        let (again, _) = try Self.spawn(arguments)
        let seconds = Double(BenchSystem.now - start) / 1e9
        child.withLock { $0 = again }
        return seconds
    }

    /// Ends a server that was started here, and removes its data.
    func end() {
        child.withLock { $0.take() }?.end()
        if let ownFolder { Self.remove(ownFolder) }
    }

    private static func remove(_ folder: String) {
        ChildProcess("/bin/rm", ["rm", "-rf", "--", folder])?.wait()
    }
}
