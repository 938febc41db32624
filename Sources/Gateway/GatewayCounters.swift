public import Kinesis
public import Synchronization

/// What one reactor's gateway has counted since the start; read by any thread.
///
/// Each reactor writes its own counters, so no two threads write the same one.
public final class GatewayCounters: Sendable {
    public let operations: [Operation: OperationCounters]
    /// Requests that named no operation of ours, and answers outside the protocol (XML, 413, …).
    public let unknownRequests = Atomic<UInt64>(0)
    /// Requests refused because the node's body memory was spent.
    public let bodyBudgetRefusals = Atomic<UInt64>(0)
    /// Requests that waited because their client had not taken earlier answers.
    public let requestsParked = Atomic<UInt64>(0)

    public let connectionsAccepted = Atomic<UInt64>(0)
    public let connectionsOpen = Atomic<Int>(0)
    public let connectionsClosed: [CloseReason: Counter]
    public let handshakes = Atomic<UInt64>(0)

    public let subscriptionsOpen = Atomic<Int>(0)
    public let subscriptionsStarted = Atomic<UInt64>(0)
    public let subscriptionsTakenOver = Atomic<UInt64>(0)
    /// Subscriptions that were reset because their client took not even their end.
    public let subscriptionsCutOff = Atomic<UInt64>(0)
    /// Subscriptions that could send and may not, as of the last second, by `StallCode` less one.
    public let stalled: [Counter]
    /// The largest lag of a subscription of this reactor in the last second, milliseconds.
    public let lagMilliseconds = Atomic<UInt64>(0)
    public let eventsEncoded = Atomic<UInt64>(0)
    public let eventsSent = Atomic<UInt64>(0)
    public let recordsPushed = Atomic<UInt64>(0)
    public let bytesReceived = Atomic<UInt64>(0)
    public let bytesSent = Atomic<UInt64>(0)
    public let ringBytes = Atomic<Int>(0)

    init() {
        operations = Dictionary(
            uniqueKeysWithValues: Operation.allCases.map { ($0, OperationCounters()) })
        connectionsClosed = Dictionary(
            uniqueKeysWithValues: CloseReason.allCases.map { ($0, Counter()) })
        stalled = StallCode.allCases.map { _ in Counter() }
    }
}

/// One number that only grows, or a level; a class because arrays do not hold atomics.
public final class Counter: Sendable {
    public let value = Atomic<UInt64>(0)

    func add(_ count: UInt64 = 1) { value.wrappingAdd(count, ordering: .relaxed) }
    func set(_ level: UInt64) { value.store(level, ordering: .relaxed) }
}

/// Requests of one operation.
public final class OperationCounters: Sendable {
    /// Upper bounds of the latency buckets, microseconds; the last bucket has none.
    public static let bucketMicroseconds: [UInt64] = [
        50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000,
        1_000_000, 5_000_000,
    ]

    public let requests = Atomic<UInt64>(0)
    /// Answers with status 400 to 499.
    public let clientErrors = Atomic<UInt64>(0)
    /// Answers with status 500 and above.
    public let serverErrors = Atomic<UInt64>(0)
    /// Answers, or records of PutRecords, refused with ProvisionedThroughputExceededException.
    public let throttled = Atomic<UInt64>(0)
    /// Latency from the complete request to the answer handed to the connection, one more than
    /// `bucketMicroseconds`; not cumulative.
    public let latency: [Counter]
    public let latencyMicroseconds = Atomic<UInt64>(0)

    init() {
        latency = (0...Self.bucketMicroseconds.count).map { _ in Counter() }
    }

    func answered(status: Int, nanoseconds: UInt64) {
        requests.wrappingAdd(1, ordering: .relaxed)
        if status >= 500 {
            serverErrors.wrappingAdd(1, ordering: .relaxed)
        } else if status >= 400 {
            clientErrors.wrappingAdd(1, ordering: .relaxed)
        }
        let microseconds = nanoseconds / 1000
        latencyMicroseconds.wrappingAdd(microseconds, ordering: .relaxed)
        var bucket = 0
        while bucket < Self.bucketMicroseconds.count,
            microseconds > Self.bucketMicroseconds[bucket]
        {
            bucket += 1
        }
        latency[bucket].add()
    }
}

/// Why a subscription that has something to send does not send it; 0 means that it does.
public enum StallCode: UInt8, Sendable, CaseIterable {
    case streamWindow = 1
    case connectionWindow
    case socket
    case disk
    /// An injected fault.
    case fault

    /// The name in metrics and in ListCursors.
    public var name: String {
        switch self {
        case .streamWindow: "STREAM_WINDOW"
        case .connectionWindow: "CONNECTION_WINDOW"
        case .socket: "SOCKET"
        case .disk: "DISK"
        case .fault: "FAULT"
        }
    }
}

/// Why a connection ended.
public enum CloseReason: String, Sendable, CaseIterable {
    case finished
    case closedByPeer = "closed_by_peer"
    case handshakeFailed = "handshake_failed"
    case handshakeTimeout = "handshake_timeout"
    case plainHTTP = "plain_http"
    case protocolError = "protocol_error"
    case headTimeout = "head_timeout"
    /// A head, a body or a response made no progress for too long.
    case timedOut = "timed_out"
    case idle
    /// It had made no request yet, and others waited to be accepted.
    case noRequest = "no_request"
    /// Its address has all the connections that one may have.
    case addressShare = "address_share"
    case tooMany = "too_many"
    case socketError = "socket_error"
    case shutdown
}
