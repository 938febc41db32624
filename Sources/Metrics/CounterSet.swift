/// A counter for each case; any thread adds.
public final class CounterSet<Case: Hashable & CaseIterable & Sendable>: Sendable {
    private final class Counted: Sendable {
        let counter = SharedCounter()
    }

    private let counters: [Case: Counted]

    public init() {
        counters = Dictionary(uniqueKeysWithValues: Case.allCases.map { ($0, Counted()) })
    }

    public func add(_ one: Case, _ amount: UInt64 = 1) { counters[one]?.counter.add(amount) }

    /// What was counted of a case.
    public subscript(one: Case) -> UInt64 { counters[one]?.counter.value ?? 0 }
}
