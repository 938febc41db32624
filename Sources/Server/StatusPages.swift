import Gateway
import HTTP
import Kinesis
import Reactor
import ShardLog
import Synchronization

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
    var page = PrometheusText()
    page.operations(node)
    page.connections(node)
    page.subscriptions(node)
    page.log(node)
    page.reactors(node)
    page.blocking(node)
    page.shards(node)
    return StatusAnswer(
        status: 200, contentType: PrometheusText.contentType, body: Array(page.text.utf8))
}

extension PrometheusText {
    fileprivate mutating func operations(_ node: Node) {
        let names = Operation.allCases.map { ($0, [("operation", $0.name)]) }
        func sum(_ operation: Operation, _ value: (OperationCounters) -> UInt64) -> UInt64 {
            node.counters.reduce(0) { $0 + ($1.operations[operation].map(value) ?? 0) }
        }
        family("weir_requests_total", .counter, "Requests answered, by operation.")
        for (operation, labels) in names {
            sample(
                "weir_requests_total", labels,
                sum(operation) { $0.requests.load(ordering: .relaxed) })
        }
        family("weir_request_errors_total", .counter, "Requests answered with an error.")
        for (operation, labels) in names {
            sample(
                "weir_request_errors_total", labels + [("class", "client")],
                sum(operation) { $0.clientErrors.load(ordering: .relaxed) })
            sample(
                "weir_request_errors_total", labels + [("class", "server")],
                sum(operation) { $0.serverErrors.load(ordering: .relaxed) })
        }
        family("weir_throttled_total", .counter, "Requests or records told to come back later.")
        for (operation, labels) in names {
            sample(
                "weir_throttled_total", labels,
                sum(operation) { $0.throttled.load(ordering: .relaxed) })
        }
        family(
            "weir_request_seconds", .histogram,
            "From the whole request to its answer (the head, for subscriptions).")
        let bounds = OperationCounters.bucketMicroseconds.map { Double($0) / 1e6 }
        for (operation, labels) in names {
            let counts = (0...bounds.count).map { bucket in
                sum(operation) { $0.latency[bucket].value.load(ordering: .relaxed) }
            }
            let total = sum(operation) { $0.latencyMicroseconds.load(ordering: .relaxed) }
            histogram(
                "weir_request_seconds", labels, bounds: bounds, counts: counts,
                sum: Double(total) / 1e6)
        }
        family("weir_unknown_requests_total", .counter, "Requests that named no operation.")
        sample(
            "weir_unknown_requests_total",
            node.total { $0.unknownRequests.load(ordering: .relaxed) })
        family("weir_body_memory_refusals_total", .counter, "Requests refused for lack of memory.")
        sample(
            "weir_body_memory_refusals_total",
            node.total { $0.bodyBudgetRefusals.load(ordering: .relaxed) })
        family(
            "weir_requests_parked_total", .counter,
            "Requests that waited until their client had taken earlier answers.")
        sample(
            "weir_requests_parked_total",
            node.total { $0.requestsParked.load(ordering: .relaxed) })
        family(
            "weir_body_memory_bytes", .gauge,
            "Memory held for requests, and for answers that have not been taken.")
        sample("weir_body_memory_bytes", UInt64(node.reservedBodyBytes))
    }

    fileprivate mutating func connections(_ node: Node) {
        family("weir_connections", .gauge, "Open connections.")
        sample("weir_connections", UInt64(max(0, node.openConnections)))
        family("weir_connections_limit", .gauge, "Connections that may be open at a time.")
        sample("weir_connections_limit", UInt64(node.connectionBound))
        family(
            "weir_connections_without_request", .gauge,
            "Open connections that have made no request yet.")
        sample("weir_connections_without_request", UInt64(max(0, node.newcomers)))
        family("weir_accepting", .gauge, "0 while accepting pauses now and then, else 1.")
        sample("weir_accepting", node.accepting.obstacle == nil ? 1 : 0)
        family("weir_accept_pauses_total", .counter, "Pauses of accepting, by reason.")
        for obstacle in Accepting.Obstacle.allCases {
            sample(
                "weir_accept_pauses_total", [("reason", obstacle.name)],
                node.accepting.pauses(obstacle))
        }
        family(
            "weir_refused_addresses", .gauge,
            "Addresses that are refused more connections than their share.")
        sample("weir_refused_addresses", UInt64(node.refusedAddresses.count))
        family("weir_connections_accepted_total", .counter, "Connections accepted.")
        sample(
            "weir_connections_accepted_total",
            node.total { $0.connectionsAccepted.load(ordering: .relaxed) })
        family("weir_connections_closed_total", .counter, "Connections ended, by reason.")
        for reason in CloseReason.allCases {
            sample(
                "weir_connections_closed_total", [("reason", reason.rawValue)],
                node.total { $0.connectionsClosed[reason]?.value.load(ordering: .relaxed) ?? 0 })
        }
        family("weir_handshakes_total", .counter, "TLS handshakes completed.")
        sample("weir_handshakes_total", node.total { $0.handshakes.load(ordering: .relaxed) })
        family("weir_network_bytes_total", .counter, "Bytes on the sockets, TLS included.")
        sample(
            "weir_network_bytes_total", [("direction", "in")],
            node.total { $0.bytesReceived.load(ordering: .relaxed) })
        sample(
            "weir_network_bytes_total", [("direction", "out")],
            node.total { $0.bytesSent.load(ordering: .relaxed) })
        family("weir_http_faults_total", .counter, "What peers did against HTTP, by kind.")
        for (kind, value) in [
            ("bad_request", node.http.reduce(0) { $0 + $1.badRequests.load(ordering: .relaxed) }),
            ("protocol", node.http.reduce(0) { $0 + $1.protocolErrors.load(ordering: .relaxed) }),
            ("flood", node.http.reduce(0) { $0 + $1.floods.load(ordering: .relaxed) }),
            ("head_size", node.http.reduce(0) { $0 + $1.headsTooLarge.load(ordering: .relaxed) }),
            ("expired", node.http.reduce(0) { $0 + $1.expired.load(ordering: .relaxed) }),
        ] {
            sample("weir_http_faults_total", [("kind", kind)], value)
        }
    }

    fileprivate mutating func subscriptions(_ node: Node) {
        family("weir_subscriptions", .gauge, "Open subscriptions.")
        let open = node.counters.reduce(0) { $0 + $1.subscriptionsOpen.load(ordering: .relaxed) }
        sample("weir_subscriptions", UInt64(max(0, open)))
        family("weir_subscriptions_started_total", .counter, "Subscriptions accepted.")
        sample(
            "weir_subscriptions_started_total",
            node.total { $0.subscriptionsStarted.load(ordering: .relaxed) })
        family("weir_subscriptions_taken_over_total", .counter, "Subscriptions replaced by newer.")
        sample(
            "weir_subscriptions_taken_over_total",
            node.total { $0.subscriptionsTakenOver.load(ordering: .relaxed) })
        family(
            "weir_subscriptions_cut_off_total", .counter,
            "Subscriptions that were reset because their client took not even their end.")
        sample(
            "weir_subscriptions_cut_off_total",
            node.total { $0.subscriptionsCutOff.load(ordering: .relaxed) })
        family("weir_subscriptions_stalled", .gauge, "Subscriptions that cannot send, by reason.")
        for (position, code) in StallCode.allCases.enumerated() {
            sample(
                "weir_subscriptions_stalled", [("reason", code.name.lowercased())],
                node.total { $0.stalled[position].value.load(ordering: .relaxed) })
        }
        family("weir_subscription_lag_seconds", .gauge, "The largest lag of a subscription.")
        let lag = node.counters.map { $0.lagMilliseconds.load(ordering: .relaxed) }.max() ?? 0
        sample("weir_subscription_lag_seconds", [], text: "\(Double(lag) / 1000)")
        family("weir_events_encoded_total", .counter, "Events encoded; each may be sent to many.")
        sample(
            "weir_events_encoded_total", node.total { $0.eventsEncoded.load(ordering: .relaxed) })
        family("weir_events_sent_total", .counter, "Events sent.")
        sample("weir_events_sent_total", node.total { $0.eventsSent.load(ordering: .relaxed) })
        family("weir_records_pushed_total", .counter, "Records sent in events.")
        sample(
            "weir_records_pushed_total", node.total { $0.recordsPushed.load(ordering: .relaxed) })
        family("weir_event_ring_bytes", .gauge, "Encoded events kept for sharing.")
        let ring = node.counters.reduce(0) { $0 + $1.ringBytes.load(ordering: .relaxed) }
        sample("weir_event_ring_bytes", UInt64(max(0, ring)))
    }

    fileprivate mutating func log(_ node: Node) {
        let counters = node.log.counters
        family("weir_log_accepting", .gauge, "1 while puts are accepted.")
        let health = node.log.health
        sample("weir_log_accepting", health == .accepting ? 1 : 0)
        family("weir_log_state", .gauge, "1 for the state that /health tells the reason of.")
        for name in Health.names {
            sample("weir_log_state", [("state", name)], health.name == name ? 1 : 0)
        }
        family("weir_log_state_changes_total", .counter, "Changes of that state.")
        sample("weir_log_state_changes_total", node.log.healthChanges)
        for (name, help, value) in [
            ("commits", "Batches committed.", counters.commits.load(ordering: .relaxed)),
            ("records", "Records committed.", counters.records.load(ordering: .relaxed)),
            ("bytes", "Bytes of records committed.", counters.bytes.load(ordering: .relaxed)),
            (
                "control_entries", "Control entries committed.",
                counters.controlEntries.load(ordering: .relaxed)
            ),
            (
                "refused", "Records refused because too much was staged.",
                counters.refusedFull.load(ordering: .relaxed)
            ),
            (
                "failed", "Records and entries that the disk refused.",
                counters.failed.load(ordering: .relaxed)
            ),
            (
                "segment_syncs", "fdatasync calls on segments.",
                counters.segmentSyncs.load(ordering: .relaxed)
            ),
            (
                "segment_moves", "Segments continued in a new file: the old could not be written.",
                counters.segmentMoves.load(ordering: .relaxed)
            ),
            (
                "segment_rewrites", "Segments put into a new file: the old could not be synced.",
                counters.segmentRewrites.load(ordering: .relaxed)
            ),
            (
                "journal_retries", "Batches written to a fresh journal file: the old had failed.",
                counters.journalRetries.load(ordering: .relaxed)
            ),
            (
                "chore_failures", "Chores of the log that failed and are tried again.",
                counters.housekeepingFailures.load(ordering: .relaxed)
            ),
        ] {
            family("weir_log_\(name)_total", .counter, help)
            sample("weir_log_\(name)_total", value)
        }
        family("weir_log_fdatasync_seconds", .histogram, "fdatasync calls on the journal.")
        let counts = counters.journalSyncs.snapshot()
        let bounds = (0..<counts.count - 1).map { bucket in
            Double(SyncHistogram.firstBoundNanoseconds << UInt64(bucket)) / 1e9
        }
        histogram(
            "weir_log_fdatasync_seconds", bounds: bounds, counts: counts,
            sum: Double(counters.journalSyncs.totalNanoseconds.load(ordering: .relaxed)) / 1e9)
        let clock = node.log.clockStatus
        family(
            "weir_log_missing_ranges", .gauge,
            "Ranges of records that must be in the log and are not; see /health.")
        sample("weir_log_missing_ranges", UInt64(node.log.missingRecords.count))
        family("weir_clock_believed", .gauge, "1 while arrivals follow the system's clock.")
        sample("weir_clock_believed", clock.isBelieved ? 1 : 0)
        family(
            "weir_clock_ahead_seconds", .gauge,
            "How far a clock that is not believed is ahead of the log's time.")
        sample(
            "weir_clock_ahead_seconds", [], text: "\(Double(clock.aheadMilliseconds) / 1000)")
        family(
            "weir_clock_uncounted_seconds", .gauge,
            "Time off and steps of the clock that retention does not count.")
        sample(
            "weir_clock_uncounted_seconds", [],
            text: "\(Double(clock.uncountedMilliseconds) / 1000)")
        family("weir_log_largest_batch_bytes", .gauge, "The largest batch so far.")
        sample(
            "weir_log_largest_batch_bytes", counters.largestBatchBytes.load(ordering: .relaxed))
        family("weir_log_disk_bytes", .gauge, "Bytes of journal and segments on the disk.")
        sample("weir_log_disk_bytes", counters.bytesOnDisk.load(ordering: .relaxed))
        let held = counters.segmentFiles
        family("weir_log_open_segments", .gauge, "Descriptors on segments.")
        sample("weir_log_open_segments", UInt64(max(0, held.open.load(ordering: .relaxed))))
        family("weir_log_mapped_segments", .gauge, "Mappings of segments.")
        sample("weir_log_mapped_segments", UInt64(max(0, held.mapped.load(ordering: .relaxed))))
        family(
            "weir_log_segment_evictions_total", .counter,
            "Segments' files closed and mappings undone to make room for others.")
        sample(
            "weir_log_segment_evictions_total", held.evictions.load(ordering: .relaxed))
        family(
            "weir_log_descriptor_lacks_total", .counter,
            "Calls of the log that found no descriptor or memory and were made again.")
        sample("weir_log_descriptor_lacks_total", held.lacks.load(ordering: .relaxed))
        family("weir_log_staged_bytes", .gauge, "Bytes of records that wait for their commit.")
        sample("weir_log_staged_bytes", counters.stagedBytes.load(ordering: .relaxed))
    }

    fileprivate mutating func blocking(_ node: Node) {
        let lanes = BlockingPool.Lane.allCases.map {
            (labels: [("lane", $0.name)], counts: node.blockingCounts($0))
        }
        family("weir_blocking_jobs", .gauge, "Jobs that wait for a thread of a lane, or run.")
        for (labels, counts) in lanes {
            sample("weir_blocking_jobs", labels + [("state", "waiting")], UInt64(counts.waiting))
            sample("weir_blocking_jobs", labels + [("state", "running")], UInt64(counts.running))
        }
        family("weir_blocking_jobs_total", .counter, "Jobs of a lane, by what became of them.")
        for (labels, counts) in lanes {
            sample("weir_blocking_jobs_total", labels + [("outcome", "done")], counts.done)
            sample("weir_blocking_jobs_total", labels + [("outcome", "skipped")], counts.skipped)
            sample("weir_blocking_jobs_total", labels + [("outcome", "refused")], counts.refused)
        }
        family("weir_blocking_wait_seconds_total", .counter, "How long jobs waited for a thread.")
        for (labels, counts) in lanes {
            sample(
                "weir_blocking_wait_seconds_total", labels,
                text: "\(Double(counts.waitedNanoseconds) / 1e9)")
        }
        family(
            "weir_blocking_oldest_seconds", .gauge,
            "For how long the oldest running job of a lane has been running; 0 if none runs.")
        for (labels, counts) in lanes {
            sample(
                "weir_blocking_oldest_seconds", labels,
                text: "\(Double(counts.oldestNanoseconds) / 1e9)")
        }
    }

    fileprivate mutating func reactors(_ node: Node) {
        let reactors = node.reactorCounters
        family("weir_reactor_turns_total", .counter, "Turns of a reactor's loop.")
        for (index, counters) in reactors.enumerated() {
            sample("weir_reactor_turns_total", [("reactor", "\(index)")], counters.turns)
        }
        family(
            "weir_loop_lag_seconds", .histogram,
            "How long ready events and due timers waited for their turn.")
        let bounds = ReactorCounters.lagBoundsNanoseconds.map { Double($0) / 1e9 }
        for (index, counters) in reactors.enumerated() {
            histogram(
                "weir_loop_lag_seconds", [("reactor", "\(index)")], bounds: bounds,
                counts: counters.lagHistogram, sum: Double(counters.lagTotalNanoseconds) / 1e9)
        }
        if reactors.contains(where: { $0.turnTotalNanoseconds > 0 }) {
            family("weir_reactor_turn_seconds", .histogram, "Processor time of a turn.")
            for (index, counters) in reactors.enumerated() {
                histogram(
                    "weir_reactor_turn_seconds", [("reactor", "\(index)")], bounds: bounds,
                    counts: counters.turnHistogram,
                    sum: Double(counters.turnTotalNanoseconds) / 1e9)
            }
            family("weir_reactor_turn_max_seconds", .gauge, "The longest turn since the start.")
            for (index, counters) in reactors.enumerated() {
                sample(
                    "weir_reactor_turn_max_seconds", [("reactor", "\(index)")],
                    text: "\(Double(counters.turnMaximumNanoseconds) / 1e9)")
            }
            family(
                "weir_reactor_step_max_seconds", .gauge,
                "The longest step of a turn since the start, by kind.")
            for (index, counters) in reactors.enumerated() {
                for step in TurnStep.allCases {
                    let nanoseconds = counters.stepMaximumNanoseconds(step)
                    sample(
                        "weir_reactor_step_max_seconds",
                        [("reactor", "\(index)"), ("step", step.name)],
                        text: "\(Double(nanoseconds) / 1e9)")
                }
            }
        }
        family("weir_loop_lag_max_seconds", .gauge, "The longest such wait since the start.")
        for (index, counters) in reactors.enumerated() {
            sample(
                "weir_loop_lag_max_seconds", [("reactor", "\(index)")],
                text: "\(Double(counters.lagMaximumNanoseconds) / 1e9)")
        }
    }
}

extension Node {
    fileprivate func total(_ value: (GatewayCounters) -> UInt64) -> UInt64 {
        counters.reduce(0) { $0 + value($1) }
    }
}
