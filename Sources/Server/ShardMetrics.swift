import Catalog
import Gateway
import Kinesis
import Metrics
import Synchronization

/// The part of `/metrics` that shows single shards: those of streams for which somebody has enabled
/// enhanced monitoring, and of them the metrics that were asked for.
extension PrometheusText {
    /// Shards on the page; beyond it, `weir_shard_metrics_left_off` counts.
    private static let shardLimit = 10_000

    private struct Shown {
        /// Written once for all metrics.
        var labels: String
        var metrics: ShardLevelMetrics
        var meter: ShardMeter
    }

    mutating func shards(_ node: Node) {
        var shown: [Shown] = []
        var leftOff: UInt64 = 0
        node.catalog.snapshot.visitStreams { stream in
            guard !stream.metrics.isEmpty else { return true }
            for shard in stream.shards {
                guard shown.count < Self.shardLimit else {
                    leftOff += 1
                    continue
                }
                let labels = Self.labels([
                    ("account", stream.account), ("region", stream.region),
                    ("stream", stream.name), ("shard", shard.id.description),
                ])
                shown.append(Shown(labels: labels, metrics: stream.metrics, meter: shard.meter))
            }
            return true
        }
        guard !shown.isEmpty else { return }
        for (metric, name, help, value) in Self.shardCounters {
            family(name, .counter, help)
            for one in shown where one.metrics.contains(metric) {
                sample(name, labels: one.labels, value: String(value(one.meter)))
            }
        }
        let age = "weir_shard_iterator_age_seconds"
        family(age, .gauge, "How far behind the tip the last read of the shard was.")
        for one in shown where one.metrics.contains(.iteratorAge) {
            let milliseconds = one.meter.iteratorAgeMilliseconds.load(ordering: .relaxed)
            sample(age, labels: one.labels, value: "\(Double(milliseconds) / 1000)")
        }
        family("weir_shard_metrics_left_off", .gauge, "Monitored shards beyond the page's bound.")
        sample("weir_shard_metrics_left_off", labels: "", value: String(leftOff))
    }

    private static var shardCounters: [(ShardLevelMetrics, String, String, (ShardMeter) -> UInt64)]
    {
        [
            (
                .incomingBytes, "weir_shard_incoming_bytes_total",
                "Data and partition keys of stored records.",
                { $0.incomingBytes.load(ordering: .relaxed) }
            ),
            (
                .incomingRecords, "weir_shard_incoming_records_total", "Stored records.",
                { $0.incomingRecords.load(ordering: .relaxed) }
            ),
            (
                .outgoingBytes, "weir_shard_outgoing_bytes_total",
                "Data and partition keys of records given to GetRecords and subscriptions.",
                { $0.outgoingBytes.load(ordering: .relaxed) }
            ),
            (
                .outgoingRecords, "weir_shard_outgoing_records_total",
                "Records given to GetRecords and subscriptions.",
                { $0.outgoingRecords.load(ordering: .relaxed) }
            ),
            (
                .writeThroughputExceeded, "weir_shard_write_throttled_total",
                "Records refused because the shard's write rate was exceeded.",
                { $0.writesThrottled.load(ordering: .relaxed) }
            ),
            (
                .readThroughputExceeded, "weir_shard_read_throttled_total",
                "Calls refused because the shard's read rate was exceeded.",
                { $0.readsThrottled.load(ordering: .relaxed) }
            ),
        ]
    }
}
