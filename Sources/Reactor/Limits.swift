/// The numbers of this module that somebody may want to tune.
public enum Limits {
    /// Readiness events taken from the kernel in one turn; each may be a small call, some 10 µs.
    /// What is left is reported in the next turn, and before those that are ready again, so nothing
    /// starves.
    static let eventsPerTurn = 64
    /// How long a turn delivers readiness, nanoseconds, and after how many events it looks.
    static let deliveryNanoseconds: UInt64 = 600_000
    static let eventsPerLook = 2
    /// How long a turn goes on with what was left over from the one before, nanoseconds.
    static let leftoverNanoseconds: UInt64 = 500_000
    /// Connections accepted by one listener in one turn, so that a storm of new connections leaves
    /// room for those that exist.
    static let acceptsPerTurn = 64
    /// How long nothing is accepted after the process ran out of descriptors.
    static let exhaustionPauseNanoseconds: UInt64 = 100_000_000
    /// How long nothing is accepted while its owner has no room.
    static let noRoomPauseNanoseconds: UInt64 = 10_000_000
    /// How often another port is tried when the system's choice for one address family is taken
    /// in the other.
    static let portAttempts = 32
    /// Connections that the kernel completes and holds until they are accepted; Linux caps it at
    /// `net.core.somaxconn` (4096).
    static let backlog: Int32 = 4_096
    /// A connection on which nothing moves is asked after this long, and then every so often, whether
    /// the peer is still there (`TCP_KEEPIDLE`, `TCP_KEEPINTVL`), seconds.
    static let keepAliveIdleSeconds: Int32 = 60
    static let keepAliveIntervalSeconds: Int32 = 15
    /// A peer that has answered nothing for so long has gone (`TCP_USER_TIMEOUT`), milliseconds. Linux
    /// counts one that keeps its window closed as silent, also if it acknowledges every probe; so an
    /// accepted connection is given longer than the five minutes for which a subscriber may stand
    /// still.
    static let acceptedSilenceMilliseconds: Int32 = 330_000
    /// The same where we are the client: a server always reads.
    static let connectedSilenceMilliseconds: Int32 = 120_000
    /// Jobs that wait in one lane of a `BlockingPool`, unless it is made with another number.
    public static let laneJobs = 1_024
    /// Those of one connection: what a client asks of 128 shards at once.
    public static let laneJobsPerConnection = 128
    /// Jobs that wait for a thread of a `ThreadPool`, unless it is made with another number.
    public static let threadPoolJobs = 1_024
    /// Messages that wait in one inbox, unless it is made with another number. Each stands for a
    /// pending request, a connection or a commit, all of which have smaller bounds of their own,
    /// so reaching this is a bug.
    public static let inboxMessages = 1 << 20
    /// The bytes of one read from a socket.
    public static let readBytes = 16_384
}
