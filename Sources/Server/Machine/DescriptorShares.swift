/// Who of the process may have how many descriptors: their sum is within the limit, so that no
/// number of connections takes the log's last one, and no number of shards that of a connection.
///
/// | share | of what is left after the process's own |
/// |---|---|
/// | log | a third, 24 to 4,096: journal files, folders, segments being written or read |
/// | connections | the rest, at least 16, and no more than `mostConnections` |
struct DescriptorShares: Equatable {
    let log: Int
    let connections: Int

    /// Journal files that a log at rest keeps, its lock and folders, and a few segments.
    static let leastLog = 24
    /// Opening a segment again costs 10 µs; a log that writes to more shards than this in turn pays
    /// it now and then.
    static let mostLog = 4_096
    static let leastConnections = 16
    /// Each costs up to about 60 KiB of TLS state: 20,000 on a reactor are 1.2 GB.
    static let mostConnectionsPerReactor = 20_000
    /// What a reactor has: its epoll and its eventfd.
    static let perReactor = 2
    /// Signals, listeners, the queues of pool threads, and what is open for a moment: certificates
    /// that are read again, a file of /proc.
    static let process = 24

    /// `open` is what the process had before it opened anything of these. Nil when the limit is
    /// below `least`.
    init?(limit: Int, open: Int, reactors: Int) {
        guard limit >= Self.least(open: open, reactors: reactors) else { return nil }
        let rest = limit - Self.fixed(open: open, reactors: reactors)
        log = min(max(rest / 3, Self.leastLog), Self.mostLog)
        connections = min(rest - log, reactors * Self.mostConnectionsPerReactor)
    }

    /// The lowest limit that a process can live with.
    static func least(open: Int, reactors: Int) -> Int {
        fixed(open: open, reactors: reactors) + leastLog + leastConnections
    }

    private static func fixed(open: Int, reactors: Int) -> Int {
        open + reactors * perReactor + process
    }
}
