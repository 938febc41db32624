import Testing
import TestSupport

@testable import Catalog

@Suite struct PendingStateTests {
    /// A published state that has missed the second of three creations.
    private func published(closingWith serial: UInt64?) throws -> CatalogState {
        var journal = Journal()
        for name in ["a", "b", "c"] { try journal.perform(create(name)) }
        journal.payloads.remove(at: 1)
        var state = try Journal.replay(journal.payloads)
        if let serial {
            try state.apply(NumberedEntry(serial: serial, entry: Resynchronized()))
        }
        return state
    }

    @Test func `a gap is noticed, and closed when the entry for it has come back`() throws {
        var journal = Journal()
        for name in ["a", "b", "c"] { try journal.perform(create(name)) }
        var pending = PendingState(CatalogState())
        #expect(pending.compare(with: CatalogState()) == .sound)
        pending.state = journal.state
        #expect(pending.compare(with: try published(closingWith: nil)) == .diverged)
        pending.awaited = 4
        #expect(pending.compare(with: try published(closingWith: nil)) == .waiting)
        #expect(pending.state.stream(key("b")) != nil)
        #expect(pending.compare(with: try published(closingWith: 4)) == .closed)
        #expect(pending.state.stream(key("b")) == nil)
        #expect(pending.state.stream(key("c")) != nil)
        #expect(pending.state.serial == 4 && pending.awaited == nil)
        #expect(pending.compare(with: try published(closingWith: 4)) == .sound)
    }

    @Test func `changes that come after a gap was closed fit both states`() throws {
        for seed in 0..<UInt64(rounds(5)) {
            var changes = RandomChanges(seed: seed &+ 4000)
            var journal = Journal()
            var durable = CatalogState()
            for _ in 0..<8 {
                for _ in 0..<30 { changes.step(&journal) }
                // The log lets a few entries go and takes those behind them.
                var kept = journal.payloads
                journal.payloads = []
                if !kept.isEmpty {
                    let first = Int.random(in: 0..<kept.count, using: &changes.generator)
                    kept.removeSubrange(first..<min(first + 3, kept.count))
                }
                for payload in kept { try durable.apply(try NumberedEntry(payload)) }
                var pending = PendingState(journal.state)
                journal.append(Resynchronized())
                pending.awaited = journal.state.serial
                for payload in journal.payloads { try durable.apply(try NumberedEntry(payload)) }
                #expect(pending.compare(with: durable) == .closed, "seed \(seed)")
                journal.payloads = []
                journal.state = durable
                #expect(!durable.hasDiverged, "seed \(seed)")
            }
        }
    }
}
