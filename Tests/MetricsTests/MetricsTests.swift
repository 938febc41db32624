import Metrics
import Synchronization
import Testing

private final class Counted: Sendable {
    let requests = Counter()
    let open = Gauge()
    let times = Histogram(bounds: [10, 100, 1_000])
}

@Suite struct MetricsTests {
    @Test func `a page has help, type and samples of each family, in order`() {
        let registry = MetricRegistry<Counted>([
            .counter("a_total", "Requests.") { $0.requests.value },
            .gauge("open", "Open ones.", in: .milliseconds) { $0.open.value },
            .histogram("time_seconds", "Times.", in: .microseconds) { $0.times.reading },
        ])
        let counted = Counted()
        counted.requests.add(7)
        counted.open.add(4_500)
        counted.open.subtract(2_000)
        for time: UInt64 in [10, 11, 100, 5_000] { counted.times.record(time) }
        #expect(
            registry.text(of: counted).text == """
                # HELP a_total Requests.
                # TYPE a_total counter
                a_total 7
                # HELP open Open ones.
                # TYPE open gauge
                open 2.5
                # HELP time_seconds Times.
                # TYPE time_seconds histogram
                time_seconds_bucket{le="1e-05"} 1
                time_seconds_bucket{le="0.0001"} 3
                time_seconds_bucket{le="0.001"} 3
                time_seconds_bucket{le="+Inf"} 4
                time_seconds_sum 0.005121
                time_seconds_count 4

                """)
        #expect(counted.times.maximum == 5_000 && counted.times.buckets == [1, 2, 0, 1])
    }

    @Test func `amounts fall into the bucket whose bound they do not exceed`() {
        let bounds: [UInt64] = (0..<9).map { 1 << (14 + 2 * $0) }
        for (i, bound) in bounds.enumerated() {
            let times = Histogram(bounds: bounds)
            times.record(bound - 1)
            times.record(bound)
            #expect(times.buckets[i] == 2)
            times.record(bound + 1)
            #expect(times.buckets[i + 1] == 1)
            #expect(times.maximum == bound + 1 && times.sum == 3 * bound)
        }
        let times = Histogram(bounds: bounds)
        times.record(0)
        times.record(.max / 2)
        #expect(times.buckets == [1, 0, 0, 0, 0, 0, 0, 0, 0, 1])
    }

    @Test func `labels of cases stand behind those of sources, and are escaped`() {
        let metric = Metric<Counted>.counter(
            "a_total", "A.", each: ["x", "q\"\\\n"], labels: { [("kind", $0)] }
        ) { counted, name in counted.requests.value + UInt64(name.utf8.count) }
        let sources = [Counted(), Counted()]
        sources[1].requests.add(10)
        let registry = MetricRegistry([metric.ofEach("reactor") { (root: [Counted]) in root }])
        let lines = registry.text(of: sources).text.split(separator: "\n")
        #expect(
            lines.dropFirst(2) == [
                #"a_total{reactor="0",kind="x"} 1"#, #"a_total{reactor="0",kind="q\"\\\n"} 4"#,
                #"a_total{reactor="1",kind="x"} 11"#, #"a_total{reactor="1",kind="q\"\\\n"} 14"#,
            ])
    }

    @Test func `a family without a sample is left out`() {
        let metric = Metric<Counted>.gauge("g", "G.") { $0.open.value }
        let registry = MetricRegistry([metric.ofEach("n") { (root: [Counted]) in root }])
        #expect(registry.text(of: []).text.isEmpty && registry.names == ["g"])
    }

    @Test func `a name stands once`() async {
        await #expect(processExitsWith: .failure) {
            let metric = Metric<Int>.gauge("g", "G.") { $0 }
            _ = MetricRegistry([metric, metric])
        }
    }

    @Test func `readings of several sources are one`() {
        var sum = HistogramReading(bounds: [1, 2], buckets: [1, 0, 2], sum: 9)
        sum.add(HistogramReading(bounds: [1, 2], buckets: [0, 5, 1], sum: 20))
        #expect(sum.buckets == [1, 5, 3] && sum.sum == 29 && sum.count == 9)
    }

    @Test func `what any thread adds to loses nothing`() async {
        final class Shared: Sendable {
            let count = SharedCounter()
            let level = SharedGauge()
        }
        let shared = Shared()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<10_000 {
                        shared.count.add()
                        shared.level.add(3)
                        shared.level.subtract(2)
                    }
                }
            }
        }
        #expect(shared.count.value == 40_000 && shared.level.value == 40_000)
    }
}
