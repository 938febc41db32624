import Gateway
import Metrics
import ShardLog

/// `/health`: 200 while puts are accepted, else 503 with the reason and what ends it.
func healthPage(_ node: Node) -> StatusAnswer {
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
    return StatusAnswer(
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
func metricsPage(_ node: Node) -> StatusAnswer {
    var page = metrics.text(of: node)
    page.shards(node)
    return StatusAnswer(
        status: 200, contentType: PrometheusText.contentType, body: Array(page.text.utf8))
}

/// Every metric but those of single shards, which are shown for whom they were enabled.
let metrics = MetricRegistry(Node.metrics)
