/// A page in Prometheus' text exposition format, version 0.0.4.
public struct PrometheusText: Sendable {
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    public private(set) var text = ""

    public init() {}

    /// Begins a family; its samples follow.
    public mutating func family(_ name: String, _ kind: MetricKind, _ help: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
    }

    /// A sample whose labels, by `labels`, and whose value are written already.
    public mutating func sample(_ name: String, labels: String, value: String) {
        text += name
        text += labels
        text += " "
        text += value
        text += "\n"
    }

    /// Labels as they stand behind a name; nothing for none.
    public static func labels(_ labels: MetricLabels) -> String {
        guard !labels.isEmpty else { return "" }
        let pairs = labels.map { "\($0.name)=\"\(escaped($0.value))\"" }
        return "{" + pairs.joined(separator: ",") + "}"
    }

    /// A sample of a number in this unit; times are written in seconds.
    mutating func sample(
        _ name: String, _ labels: MetricLabels, _ value: some BinaryInteger, in unit: MetricUnit
    ) {
        let text = unit == .one ? String(value) : "\(Double(value) / unit.rawValue)"
        sample(name, labels: Self.labels(labels), value: text)
    }

    /// A histogram, whose buckets are written cumulatively.
    mutating func histogram(
        _ name: String, _ labels: MetricLabels, _ reading: HistogramReading, in unit: MetricUnit
    ) {
        var total: UInt64 = 0
        for (position, count) in reading.buckets.enumerated() {
            total += count
            let bound =
                position < reading.bounds.count
                ? "\(Double(reading.bounds[position]) / unit.rawValue)" : "+Inf"
            sample("\(name)_bucket", labels + [("le", bound)], total, in: .one)
        }
        let sum = "\(Double(reading.sum) / unit.rawValue)"
        sample("\(name)_sum", labels: Self.labels(labels), value: sum)
        sample("\(name)_count", labels, total, in: .one)
    }

    /// Puts another text behind this one.
    mutating func append(_ other: PrometheusText) { text += other.text }

    private static func escaped(_ value: String) -> String {
        var result = ""
        for character in value {
            switch character {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.append(character)
            }
        }
        return result
    }
}
