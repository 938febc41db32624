/// A page in Prometheus' text exposition format, version 0.0.4.
struct PrometheusText {
    enum Kind: String {
        case counter
        case gauge
        case histogram
    }

    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private(set) var text = ""

    /// Begins a family; its samples follow.
    mutating func family(_ name: String, _ kind: Kind, _ help: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
    }

    /// A sample whose value is written already.
    mutating func sample(_ name: String, _ labels: [(String, String)], text value: String) {
        sample(name, labels: Self.labels(labels), value: value)
    }

    /// A sample whose labels are written already too, by `labels`.
    mutating func sample(_ name: String, labels: String, value: String) {
        text += name
        text += labels
        text += " "
        text += value
        text += "\n"
    }

    /// Labels as they stand behind a name; nothing for none.
    static func labels(_ labels: [(String, String)]) -> String {
        guard !labels.isEmpty else { return "" }
        let pairs = labels.map { "\($0.0)=\"\(escaped($0.1))\"" }
        return "{" + pairs.joined(separator: ",") + "}"
    }

    mutating func sample(_ name: String, _ labels: [(String, String)], _ value: UInt64) {
        sample(name, labels, text: String(value))
    }

    mutating func sample(_ name: String, _ value: UInt64) {
        sample(name, [], text: String(value))
    }

    /// A histogram from buckets that are not cumulative; `bounds` in seconds, one fewer than
    /// `counts`, `sum` in seconds.
    mutating func histogram(
        _ name: String, _ labels: [(String, String)] = [], bounds: [Double], counts: [UInt64],
        sum: Double
    ) {
        precondition(counts.count == bounds.count + 1, "The last bucket has no bound.")
        var total: UInt64 = 0
        for (position, count) in counts.enumerated() {
            total += count
            let bound = position < bounds.count ? "\(bounds[position])" : "+Inf"
            sample("\(name)_bucket", labels + [("le", bound)], total)
        }
        sample("\(name)_sum", labels, text: "\(sum)")
        sample("\(name)_count", labels, total)
    }

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
