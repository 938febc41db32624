import HTTP
public import Kinesis
public import Metrics
import Reactor
import ShardLog

/// What one reactor's gateway has counted since the start; read by any thread.
///
/// Each reactor writes its own counters, so no two threads write the same one.
public final class GatewayCounters: Sendable {
    /// By the operations' ordinals.
    private let operations: [OperationCounters]
    /// Requests that named no operation of ours, and answers outside the protocol (XML, 413, …).
    public let unknownRequests = Counter()
    /// Requests refused because the node's body memory was spent.
    public let bodyBudgetRefusals = Counter()
    /// Requests that waited because their client had not taken earlier answers.
    public let requestsParked = Counter()

    public let connectionsAccepted = Counter()
    public let connectionsOpen = Gauge()
    public let connectionsClosed = CounterSet<CloseReason>()
    public let handshakes = Counter()

    public let subscriptionsOpen = Gauge()
    public let subscriptionsStarted = Counter()
    public let subscriptionsTakenOver = Counter()
    /// Subscriptions that were reset because their client took not even their end.
    public let subscriptionsCutOff = Counter()
    /// Subscriptions that could send and may not, as of the last second, by `StallCode` less one.
    let stalled = InlineArray<5, Gauge> { _ in Gauge() }
    /// The largest lag of a subscription of this reactor in the last second, milliseconds.
    public let lagMilliseconds = Gauge()
    public let eventsEncoded = Counter()
    public let eventsSent = Counter()
    public let recordsPushed = Counter()
    public let bytesReceived = Counter()
    public let bytesSent = Counter()
    public let ringBytes = Gauge()

    init() {
        operations = Operation.allCases.map { _ in OperationCounters() }
        precondition(StallCode.allCases.count == stalled.count, "every stall has its gauge")
    }

    /// The counters of one operation.
    public subscript(operation: Operation) -> OperationCounters { operations[operation.ordinal] }
}

/// Requests of one operation.
public final class OperationCounters: Sendable {
    /// Upper bounds of the latency buckets, microseconds; the last bucket has none.
    private static let boundsMicroseconds: [UInt64] = [
        50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000,
        1_000_000, 5_000_000,
    ]

    public let requests = Counter()
    /// Answers with status 400 to 499.
    public let clientErrors = Counter()
    /// Answers with status 500 and above.
    public let serverErrors = Counter()
    /// Answers, or records of PutRecords, refused with ProvisionedThroughputExceededException.
    public let throttled = Counter()
    /// From the complete request to the answer handed to the connection, microseconds.
    public let latency = Histogram(bounds: boundsMicroseconds)

    func answered(status: Int, nanoseconds: UInt64) {
        requests.add()
        if status >= 500 {
            serverErrors.add()
        } else if status >= 400 {
            clientErrors.add()
        }
        latency.record(nanoseconds / 1000)
    }
}

extension Node {
    /// What `/metrics` shows of a node, in the order in which it does.
    public static let metrics =
        requestMetrics + connectionMetrics + subscriptionMetrics
        + ShardLog.metrics.map { $0.of { $0.log } }
        + ReactorCounters.metrics.map { $0.ofEach("reactor") { $0.reactorCounters } }
        + ReactorCounters.measurements.map { $0.ofEach("reactor") { $0.measuringReactors } }
        + ReactorCounters.extremes.map { $0.ofEach("reactor") { $0.reactorCounters } }
        + BlockingPool.metrics.map { $0.of { $0.blocking } }

    private static let requestMetrics: [Metric<Node>] = [
        .counter(
            "weir_requests_total", "Requests answered, by operation.", each: Operation.allCases,
            labels: { [("operation", $0.name)] }
        ) { $0.total($1) { $0.requests.value } },
        .counter(
            "weir_request_errors_total", "Requests answered with an error.",
            each: Operation.allCases.flatMap { [($0, "client"), ($0, "server")] },
            labels: { [("operation", $0.0.name), ("class", $0.1)] }
        ) { node, fault in
            node.total(fault.0) {
                fault.1 == "client" ? $0.clientErrors.value : $0.serverErrors.value
            }
        },
        .counter(
            "weir_throttled_total", "Requests or records told to come back later.",
            each: Operation.allCases, labels: { [("operation", $0.name)] }
        ) { $0.total($1) { $0.throttled.value } },
        .histogram(
            "weir_request_seconds",
            "From the whole request to its answer (the head, for subscriptions).",
            in: .microseconds, each: Operation.allCases, labels: { [("operation", $0.name)] }
        ) { $0.latency(of: $1) },
        .counter("weir_unknown_requests_total", "Requests that named no operation.") {
            $0.total { $0.unknownRequests.value }
        },
        .counter("weir_body_memory_refusals_total", "Requests refused for lack of memory.") {
            $0.total { $0.bodyBudgetRefusals.value }
        },
        .counter(
            "weir_requests_parked_total",
            "Requests that waited until their client had taken earlier answers."
        ) { $0.total { $0.requestsParked.value } },
        .gauge(
            "weir_body_memory_bytes",
            "Memory held for requests, and for answers that have not been taken."
        ) { $0.reservedBodyBytes },
    ]

    private static let connectionMetrics: [Metric<Node>] = [
        .gauge("weir_connections", "Open connections.") { max(0, $0.openConnections) },
        .gauge("weir_connections_limit", "Connections that may be open at a time.") {
            $0.connectionBound
        },
        .gauge(
            "weir_connections_without_request", "Open connections that have made no request yet."
        ) { max(0, $0.newcomers) },
        .gauge("weir_accepting", "0 while accepting pauses now and then, else 1.") {
            $0.accepting.obstacle == nil ? 1 : 0
        },
        .counter(
            "weir_accept_pauses_total", "Pauses of accepting, by reason.",
            each: Accepting.Obstacle.allCases, labels: { [("reason", $0.name)] }
        ) { $0.accepting.pauses($1) },
        .gauge(
            "weir_refused_addresses",
            "Addresses that are refused more connections than their share."
        ) { $0.refusedAddresses.count },
        .counter("weir_connections_accepted_total", "Connections accepted.") {
            $0.total { $0.connectionsAccepted.value }
        },
        .counter(
            "weir_connections_closed_total", "Connections ended, by reason.",
            each: CloseReason.allCases, labels: { [("reason", $0.rawValue)] }
        ) { node, reason in node.total { $0.connectionsClosed[reason] } },
        .counter("weir_handshakes_total", "TLS handshakes completed.") {
            $0.total { $0.handshakes.value }
        },
        .counter(
            "weir_network_bytes_total", "Bytes on the sockets, TLS included.", each: ["in", "out"],
            labels: { [("direction", $0)] }
        ) { node, way in node.total { way == "in" ? $0.bytesReceived.value : $0.bytesSent.value } },
        .counter(
            "weir_http_faults_total", "What peers did against HTTP, by kind.",
            each: HTTPCounters.faults, labels: { [("kind", $0.name)] }
        ) { node, fault in node.http.reduce(0) { $0 + fault.count($1) } },
    ]

    private static let subscriptionMetrics: [Metric<Node>] = [
        .gauge("weir_subscriptions", "Open subscriptions.") {
            max(0, $0.counters.reduce(0) { $0 + $1.subscriptionsOpen.value })
        },
        .counter("weir_subscriptions_started_total", "Subscriptions accepted.") {
            $0.total { $0.subscriptionsStarted.value }
        },
        .counter("weir_subscriptions_taken_over_total", "Subscriptions replaced by newer.") {
            $0.total { $0.subscriptionsTakenOver.value }
        },
        .counter(
            "weir_subscriptions_cut_off_total",
            "Subscriptions that were reset because their client took not even their end."
        ) { $0.total { $0.subscriptionsCutOff.value } },
        .gauge(
            "weir_subscriptions_stalled", "Subscriptions that cannot send, by reason.",
            each: StallCode.allCases, labels: { [("reason", $0.name.lowercased())] }
        ) { node, code in
            node.counters.reduce(0) { $0 + $1.stalled[Int(code.rawValue) - 1].value }
        },
        .gauge(
            "weir_subscription_lag_seconds", "The largest lag of a subscription.",
            in: .milliseconds
        ) { $0.counters.map { $0.lagMilliseconds.value }.max() ?? 0 },
        .counter("weir_events_encoded_total", "Events encoded; each may be sent to many.") {
            $0.total { $0.eventsEncoded.value }
        },
        .counter("weir_events_sent_total", "Events sent.") { $0.total { $0.eventsSent.value } },
        .counter("weir_records_pushed_total", "Records sent in events.") {
            $0.total { $0.recordsPushed.value }
        },
        .gauge("weir_event_ring_bytes", "Encoded events kept for sharing.") {
            max(0, $0.counters.reduce(0) { $0 + $1.ringBytes.value })
        },
    ]

    /// All reactors if one of them measures its turns: all do, or none.
    private var measuringReactors: [ReactorCounters] {
        let reactors = reactorCounters
        return reactors.contains(where: \.hasMeasured) ? reactors : []
    }

    /// Of all reactors together.
    private func total(_ value: (GatewayCounters) -> UInt64) -> UInt64 {
        counters.reduce(0) { $0 + value($1) }
    }

    private func total(
        _ operation: Operation, _ value: (OperationCounters) -> UInt64
    ) -> UInt64 {
        counters.reduce(0) { $0 + value($1[operation]) }
    }

    private func latency(of operation: Operation) -> HistogramReading {
        var readings = counters.map { $0[operation].latency.reading }
        var sum = readings.removeFirst()
        for reading in readings { sum.add(reading) }
        return sum
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
