import Glibc

/// Numbers as people read them.
enum Figure {
    /// With as many decimals as say something: 1,234 or 12.3 or 0.123.
    static func decimal(_ value: Double) -> String {
        let magnitude = value < 0 ? -value : value
        let places = magnitude >= 100 ? 0 : magnitude >= 10 ? 1 : magnitude >= 1 ? 2 : 3
        return fixed(value, places)
    }

    static func fixed(_ value: Double, _ places: Int) -> String {
        var scale = 1.0
        for _ in 0..<places { scale *= 10 }
        let scaled = (value * scale).rounded()
        guard scaled.magnitude < 1e15 else { return "\(value)" }
        let whole = Int64(scaled.magnitude) / Int64(scale)
        let sign = scaled < 0 ? "-" : ""
        guard places > 0 else { return sign + grouped(UInt64(whole)) }
        let rest = String(Int64(scaled.magnitude) % Int64(scale))
        let zeros = String(repeating: "0", count: places - rest.utf8.count)
        return "\(sign)\(grouped(UInt64(whole))).\(zeros)\(rest)"
    }

    static func rate(_ value: Double) -> String { grouped(UInt64(max(0, value.rounded()))) }

    /// With a comma behind every three digits.
    static func grouped(_ value: UInt64) -> String {
        var text = ""
        let digits = String(value)
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return text
    }

    /// Microseconds, as milliseconds when they are many.
    static func time(_ microseconds: Double) -> String {
        microseconds >= 10_000
            ? "\(decimal(microseconds / 1000)) ms" : "\(decimal(microseconds)) µs"
    }
}
