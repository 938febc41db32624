import Glibc
import Synchronization
import System
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

    /// The server that the command line names, else a new one. A load is never put on a server
    /// because an environment variable is left over from other work.
    static func find(_ options: BenchOptions) throws -> BenchServer {
        guard let url = options.endpointURL else { return try start(options) }
        return BenchServer(
            try configuration(url, options.caFile, options.region), pid: options.serverPid,
            folder: options.dataFolder)
    }

    private static func configuration(
        _ url: String, _ caFile: String?, _ region: String?
    ) throws(ClientError) -> ClientConfiguration {
        guard let endpoint = Endpoint(url) else {
            throw .configuration("\"\(url)\" is not an endpoint; expected https://HOST:PORT")
        }
        var configuration = ClientConfiguration(endpoint: endpoint)
        configuration.region = region
        if let caFile {
            do throws(SystemError) {
                configuration.trustedCertificates = try WholeFile.bytes(
                    caFile, limit: certificateBytes)
            } catch {
                throw .configuration("\(caFile): \(error)")
            }
        } else if endpoint.isLocal {
            configuration.trustedCertificates = try? WholeFile.bytes(
                "weir-data/tls/ca.pem", limit: certificateBytes)
        }
        return configuration
    }

    private static let certificateBytes = 1 << 20

    private static func start(_ options: BenchOptions) throws -> BenchServer {
        let parent = options.dataFolder ?? "."
        guard let folder = ScratchFolder.make(in: parent) else {
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
            return BenchServer(
                try configuration(endpoint, "\(folder)/tls/ca.pem", options.region), pid: child.pid,
                folder: folder, durability: options.durability,
                child: child, arguments: arguments, ownFolder: folder)
        } catch {
            started?.end()
            ScratchFolder.remove(folder)
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
        let start = MonotonicClock.nanoseconds
        let (again, _) = try Self.spawn(arguments)
        let seconds = Double(MonotonicClock.nanoseconds - start) / 1e9
        child.withLock { $0 = again }
        return seconds
    }

    /// Ends a server that was started here, and removes its data.
    func end() {
        child.withLock { $0.take() }?.end()
        if let ownFolder { ScratchFolder.remove(ownFolder) }
    }
}
