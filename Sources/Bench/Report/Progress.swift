import System

/// A line of progress on a terminal, once a second.
struct Progress {
    private let name: String
    private let unit: String
    private var last: UInt64 = 0
    private var lastTime: UInt64 = 0

    init(_ name: String, unit: String) {
        self.name = name
        self.unit = unit
    }

    mutating func show(_ count: UInt64) {
        let now = MonotonicClock.nanoseconds
        if lastTime > 0, now > lastTime {
            let rate = Double(count - last) * 1e9 / Double(now - lastTime)
            StandardError.progress("\(name): \(Figure.rate(rate)) \(unit)")
        }
        last = count
        lastTime = now
    }

    func clear() { StandardError.progress("") }
}
