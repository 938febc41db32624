import Gateway
import Metrics
import ShardLog

/// The pages that this server has.
let pageRoutes = [
    PageRoute(path: "/health", action: "weir:GetHealth", lane: .inline, render: healthPage),
    // Those of ten thousand shards take longer than a turn may.
    PageRoute(path: "/metrics", action: "weir:GetMetrics", lane: .pages, render: metricsPage),
]

/// `/health`: 200 while puts are accepted, else 503 with the reason and what ends it.
@Sendable private func healthPage(_ node: Node) -> PageAnswer {
    let health = node.log.health
    let status =
        switch health {
        case .accepting: "ok"
        case .lacking: "lacking"
        case .refusing: "refusing writes"
        }
    var body = #"{"status":"\#(status)""#
    if let reason = health.reason {
        body += #","reason":"\#(String(reason.map { "\"\\\n\r".contains($0) ? " " : $0 }))""#
    }
    return PageAnswer(
        status: health == .accepting ? 200 : 503, contentType: "application/json",
        body: Array(
            "\(body)\(missingState(node))\(clockState(node))\(connectionState(node))}".utf8))
}

/// What is missing of the log; nothing if all is there. At most ten lines.
private func missingState(_ node: Node) -> String {
    let missing = node.missingRecords
    guard !missing.isEmpty else { return "" }
    var lines = missing.prefix(10).map { #""\#($0)""# }
    if missing.count > 10 { lines.append(#""and \#(missing.count - 10) more""#) }
    return #","missing":[\#(lines.joined(separator: ","))]"#
}

/// What is wrong with the clock; nothing while it is believed.
private func clockState(_ node: Node) -> String {
    let clock = node.log.clockStatus
    guard !clock.isBelieved else { return "" }
    let seconds = clock.aheadMilliseconds.magnitude / 1000
    let side = clock.aheadMilliseconds < 0 ? "behind" : "ahead of"
    return #","clock":"\#(seconds) s \#(side) the log's time and not believed: nothing expires or "#
        + #"is stamped by it; see --accept-clock""#
}

/// What keeps new connections waiting, and who is refused some; nothing while all are accepted.
private func connectionState(_ node: Node) -> String {
    var text = ""
    if let obstacle = node.accepting.obstacle {
        let reason =
            switch obstacle {
            case .connections: "all \(node.connectionBound) connections are open"
            case .newcomers: "\(node.newcomers) connections have made no request yet"
            case .system: node.accepting.detail
            }
        text += #","accepting":"paused: \#(reason)""#
    }
    let refused = node.refusedAddresses.map { #""\#($0.address)""# }
    if !refused.isEmpty { text += #","refused_addresses":[\#(refused.joined(separator: ","))]"# }
    return text
}

/// `/metrics`: what every module has counted, in Prometheus' text format.
@Sendable private func metricsPage(_ node: Node) -> PageAnswer {
    var page = metrics.text(of: node)
    page.shards(node)
    return PageAnswer(
        status: 200, contentType: PrometheusText.contentType, body: Array(page.text.utf8))
}

/// Every metric but those of single shards, which are shown for whom they were enabled.
let metrics = MetricRegistry(Node.metrics)
