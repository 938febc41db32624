import Glibc

/// CPU of the server and of this process between two moments.
struct CPUMeter: Sendable {
    private let server: Int32?
    private var before: (server: ProcessTimes?, own: ProcessTimes?)
    private(set) var serverSeconds: Double?
    private(set) var ownSeconds: Double?

    init(server: Int32?) {
        self.server = server
        before = (nil, nil)
    }

    mutating func start() {
        before = (server.flatMap { ProcessTimes.of($0) }, ProcessTimes.of(getpid()))
    }

    mutating func stop() {
        if let earlier = before.server, let server, let now = ProcessTimes.of(server) {
            serverSeconds = now.seconds(since: earlier)
        }
        if let earlier = before.own, let now = ProcessTimes.of(getpid()) {
            ownSeconds = now.seconds(since: earlier)
        }
    }
}
