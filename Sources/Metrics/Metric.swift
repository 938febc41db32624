/// Labels of a sample, in the order in which they are shown.
public typealias MetricLabels = [(name: String, value: String)]

/// What a number counts, and how it is shown: times are shown in seconds.
public enum MetricUnit: Double, Sendable {
    /// Whole things.
    case one = 1
    case milliseconds = 1e3
    case microseconds = 1e6
    case nanoseconds = 1e9
}

/// A family of samples on `/metrics`: its name, its help, and how its numbers are read from their
/// source. A line declares one:
///
///     .counter("weir_handshakes_total", "TLS handshakes completed.") { $0.handshakes.value }
///
/// Reading happens at scrape, on the thread that makes the page; who counts knows nothing of it.
public struct Metric<Source>: Sendable {
    /// A name of Prometheus' data model; counters end in `_total`.
    public let name: String
    /// One sentence.
    public let help: String
    public let kind: MetricKind
    private let write: @Sendable (Source, MetricLabels, inout PrometheusText) -> Void

    private init(
        _ name: String, _ help: String, _ kind: MetricKind,
        _ write: @escaping @Sendable (Source, MetricLabels, inout PrometheusText) -> Void
    ) {
        self.name = name
        self.help = help
        self.kind = kind
        self.write = write
    }

    /// One number that only grows.
    public static func counter(
        _ name: String, _ help: String, in unit: MetricUnit = .one,
        _ read: @escaping @Sendable (Source) -> UInt64
    ) -> Metric {
        counter(name, help, in: unit, each: [()], labels: { _ in [] }) { source, _ in read(source) }
    }

    /// A number that only grows for each of `cases`, told apart by their labels.
    public static func counter<Case: Sendable>(
        _ name: String, _ help: String, in unit: MetricUnit = .one, each cases: [Case],
        labels: (Case) -> MetricLabels, _ read: @escaping @Sendable (Source, Case) -> UInt64
    ) -> Metric {
        precondition(name.hasSuffix("_total"), "\(name): a counter's name ends in _total")
        let labelled = cases.map { LabelledCase(value: $0, labels: labels($0)) }
        return Metric(name, help, .counter) { source, outer, text in
            for one in labelled {
                text.sample(name, outer + one.labels, read(source, one.value), in: unit)
            }
        }
    }

    /// One level.
    public static func gauge(
        _ name: String, _ help: String, in unit: MetricUnit = .one,
        _ read: @escaping @Sendable (Source) -> Int
    ) -> Metric {
        gauge(name, help, in: unit, each: [()], labels: { _ in [] }) { source, _ in read(source) }
    }

    /// A level for each of `cases`, told apart by their labels.
    public static func gauge<Case: Sendable>(
        _ name: String, _ help: String, in unit: MetricUnit = .one, each cases: [Case],
        labels: (Case) -> MetricLabels, _ read: @escaping @Sendable (Source, Case) -> Int
    ) -> Metric {
        let labelled = cases.map { LabelledCase(value: $0, labels: labels($0)) }
        return Metric(name, help, .gauge) { source, outer, text in
            for one in labelled {
                text.sample(name, outer + one.labels, read(source, one.value), in: unit)
            }
        }
    }

    /// Amounts by size; `unit` is that of the bounds.
    public static func histogram(
        _ name: String, _ help: String, in unit: MetricUnit,
        _ read: @escaping @Sendable (Source) -> HistogramReading
    ) -> Metric {
        histogram(name, help, in: unit, each: [()], labels: { _ in [] }) { source, _ in
            read(source)
        }
    }

    /// Amounts by size for each of `cases`, told apart by their labels.
    public static func histogram<Case: Sendable>(
        _ name: String, _ help: String, in unit: MetricUnit, each cases: [Case],
        labels: (Case) -> MetricLabels,
        _ read: @escaping @Sendable (Source, Case) -> HistogramReading
    ) -> Metric {
        let labelled = cases.map { LabelledCase(value: $0, labels: labels($0)) }
        return Metric(name, help, .histogram) { source, outer, text in
            for one in labelled {
                text.histogram(name, outer + one.labels, read(source, one.value), in: unit)
            }
        }
    }

    /// The same family, read from what a root leads to.
    public func of<Root>(_ source: @escaping @Sendable (Root) -> Source) -> Metric<Root> {
        let write = write
        return Metric<Root>(name, help, kind) { write(source($0), $1, &$2) }
    }

    /// The same family with the samples of several sources, which a label numbers from 0.
    public func ofEach<Root>(
        _ label: String, _ sources: @escaping @Sendable (Root) -> [Source]
    ) -> Metric<Root> {
        let write = write
        return Metric<Root>(name, help, kind) { root, outer, text in
            for (number, source) in sources(root).enumerated() {
                write(source, outer + [(label, "\(number)")], &text)
            }
        }
    }

    /// Writes its samples behind its name and help; nothing at all if it has no sample now.
    func show(_ source: Source, in text: inout PrometheusText) {
        var samples = PrometheusText()
        write(source, [], &samples)
        guard !samples.text.isEmpty else { return }
        text.family(name, kind, help)
        text.append(samples)
    }
}

/// How a family's samples are to be understood.
public enum MetricKind: String, Sendable {
    case counter
    case gauge
    case histogram
}

private struct LabelledCase<Case: Sendable>: Sendable {
    let value: Case
    let labels: MetricLabels
}
