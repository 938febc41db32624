import System
import Wire

/// What a bench prints: lines for people, or one object.
public struct BenchReport: Sendable {
    private var lines: [String] = []
    private var members: [(name: String, value: Value)] = []

    private enum Value: Sendable {
        case text(String)
        case number(Double)
        case times(Latencies)
    }

    /// Whether the program was built for measuring.
    static var isDebug: Bool {
        var isDebug = false
        // Evaluated in debug builds only.
        assert(
            {
                isDebug = true
                return true
            }())
        return isDebug
    }

    init(_ bench: String) {
        members.append(("bench", .text(bench)))
        members.append(("build", .text(Self.isDebug ? "debug" : "release")))
        if Self.isDebug { lines.append("This is a debug build: its figures say nothing.") }
    }

    mutating func text(_ name: String, _ value: String, _ label: String) {
        members.append((name, .text(value)))
        line(label, value)
    }

    mutating func number(_ name: String, _ value: Double, _ label: String, unit: String = "") {
        members.append((name, .number(value)))
        line(label, unit.isEmpty ? Figure.decimal(value) : "\(Figure.decimal(value)) \(unit)")
    }

    mutating func times(_ name: String, _ value: Latencies, _ label: String) {
        members.append((name, .times(value)))
        let percentiles = [("p50", 50.0), ("p90", 90), ("p99", 99), ("p99.9", 99.9)].map {
            "\($0.0) \(Figure.time(value.microseconds($0.1)))"
        }
        line(
            label,
            percentiles.joined(separator: "  ") + "  max \(Figure.time(value.maxMicroseconds))")
    }

    mutating func line(_ label: String, _ value: String) {
        let room = String(repeating: " ", count: max(0, 30 - label.count))
        lines.append("\(label)\(room) \(value)")
    }

    /// What the disk does, and what may be said of it.
    mutating func disk(_ probe: DiskProbe?, durability: String?) {
        guard let probe else {
            return line("disk", "not measured; give the server's folder with --data")
        }
        members.append(("file_system", .text(probe.fileSystem)))
        line("data folder", "on \(probe.fileSystem)")
        if probe.syncs.count > 0 { times("fdatasync", probe.syncs, "fdatasync of 16 KiB") }
        if !DiskProbe.outlivesPower(probe.fileSystem) {
            line("acknowledged", "in memory only: \(probe.fileSystem) does not outlive the power")
        } else if durability == "commit" {
            line("acknowledged", "durable: written and synced before the answer")
        } else if let durability {
            line("acknowledged", "under --durability \(durability)")
        }
    }

    mutating func cpu(_ meter: CPUMeter, per count: UInt64, _ unit: String, seconds: Double) {
        if let server = meter.serverSeconds, count > 0 {
            number(
                "server_us_per_\(unit)", server * 1e6 / Double(count), "server CPU",
                unit: "µs a \(unit)")
            number("server_cores", server / seconds, "", unit: "cores")
        }
        if let own = meter.ownSeconds, count > 0 {
            number(
                "client_us_per_\(unit)", own * 1e6 / Double(count), "client CPU",
                unit: "µs a \(unit)")
        }
    }

    /// Writes it to standard output: one JSON object, or lines for people.
    public func print(asJSON: Bool) {
        guard asJSON else {
            for line in lines { _ = StandardOutput.line(line) }
            return
        }
        _ = StandardOutput.line(json)
    }

    var json: String {
        "{" + members.map { "\"\($0.name)\":" + Self.text($0.value) }.joined(separator: ",") + "}"
    }

    private static func text(_ value: Value) -> String {
        switch value {
        case .text(let text):
            var writer = ResponseWriter(.json, capacity: text.utf8.count + 2)
            writer.text(text)
            return String(decoding: writer.finish(), as: UTF8.self)
        case .number(let number): return "\(number)"
        case .times(let times):
            let percentiles = [("p50", 50.0), ("p90", 90), ("p99", 99), ("p999", 99.9)].map {
                "\"\($0.0)_us\":\(times.microseconds($0.1))"
            }
            return "{\"count\":\(times.count)," + percentiles.joined(separator: ",")
                + ",\"max_us\":\(times.maxMicroseconds)}"
        }
    }
}
