/// The families of a page in the order in which they are shown, each with a name of its own.
public struct MetricRegistry<Root>: Sendable {
    private let metrics: [Metric<Root>]

    public init(_ metrics: [Metric<Root>]) {
        var names: Set<String> = []
        for metric in metrics {
            precondition(names.insert(metric.name).inserted, "\(metric.name) is declared twice")
        }
        self.metrics = metrics
    }

    /// The names of all families.
    public var names: [String] { metrics.map(\.name) }

    /// The page of a moment. Numbers that change meanwhile may be of different moments.
    public func text(of root: Root) -> PrometheusText {
        var text = PrometheusText()
        for metric in metrics { metric.show(root, in: &text) }
        return text
    }
}
