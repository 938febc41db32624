import ShardLog
import Testing

@testable import Gateway

struct EventRingTests {
    private func entry(_ start: UInt64, _ end: UInt64, bytes: Int = 100) -> EventRing.Entry {
        EventRing.Entry(
            cut: EventCut(
                kind: .records, start: Position(offset: start), end: Position(offset: end),
                count: 1, continuation: end, millisBehind: 0),
            bytes: [UInt8](repeating: 1, count: bytes))
    }

    @Test func `an event is found by where it starts`() {
        let ring = EventRing()
        var budget = RingBudget()
        ring.append(entry(0, 8), budget: &budget)
        ring.append(entry(8, 24), budget: &budget)
        ring.append(entry(24, 32), budget: &budget)
        #expect(ring.event(at: Position(offset: 8))?.cut.end == Position(offset: 24))
        #expect(ring.event(at: Position(offset: 16)) == nil)
        #expect(ring.event(at: Position(offset: 32)) == nil)
    }

    @Test func `a laggard is told where it meets the others`() {
        let ring = EventRing()
        var budget = RingBudget()
        ring.append(entry(80, 96), budget: &budget)
        ring.append(entry(96, 120), budget: &budget)
        #expect(ring.boundary(after: Position(offset: 0)) == Position(offset: 80))
        #expect(ring.boundary(after: Position(offset: 80)) == Position(offset: 96))
        #expect(ring.boundary(after: Position(offset: 96)) == nil)
    }

    @Test func `an event of old records is not kept`() {
        let ring = EventRing()
        var budget = RingBudget()
        ring.append(entry(80, 96), budget: &budget)
        ring.append(entry(0, 80), budget: &budget)
        #expect(ring.event(at: Position(offset: 0)) == nil)
        #expect(budget.used == 100)
    }

    @Test func `the ring is bounded`() {
        let ring = EventRing()
        var budget = RingBudget()
        for position in 0..<100 {
            ring.append(
                entry(UInt64(position) * 8, UInt64(position + 1) * 8, bytes: 100_000),
                budget: &budget)
            #expect(ring.byteCount <= Limits.ringBytesPerShard)
            #expect(budget.used == ring.byteCount)
        }
        #expect(ring.event(at: Position(offset: 0)) == nil)
        #expect(ring.event(at: Position(offset: 99 * 8)) != nil)
        ring.clear(budget: &budget)
        #expect(budget.used == 0)
    }
}
