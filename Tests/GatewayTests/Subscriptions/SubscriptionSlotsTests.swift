import Testing

@testable import Gateway

struct SubscriptionSlotsTests {
    private let key = SubscriptionSlots.Key(consumer: 1, shard: 2)
    private let first = SubscriptionSlots.Holder(reactor: 0, token: 10)
    private let second = SubscriptionSlots.Holder(reactor: 1, token: 20)
    private let third = SubscriptionSlots.Holder(reactor: 0, token: 30)

    private func claim(
        _ slots: SubscriptionSlots, _ holder: SubscriptionSlots.Holder, at now: UInt64
    ) -> SubscriptionSlots.Claim {
        slots.claim(
            key, for: holder, status: SubscriptionStatus(), now: now, protectedFor: 5)
    }

    @Test func `a young subscription is not taken over`() {
        let slots = SubscriptionSlots()
        guard case .granted = claim(slots, first, at: 100) else {
            Issue.record("A free place was refused.")
            return
        }
        guard case .refused = claim(slots, second, at: 104) else {
            Issue.record("A subscription of 4 was taken over.")
            return
        }
        #expect(slots.count == 1)
    }

    @Test func `an old subscription is told to end, and the next newcomer meets the new one`() {
        let slots = SubscriptionSlots()
        _ = claim(slots, first, at: 100)
        guard case .takeover(let previous) = claim(slots, second, at: 105) else {
            Issue.record("A subscription of 5 was not taken over.")
            return
        }
        #expect(previous == first)
        guard case .refused = claim(slots, third, at: 106) else {
            Issue.record("The newcomer was not protected.")
            return
        }
    }

    @Test func `only its holder gives a place back`() {
        let slots = SubscriptionSlots()
        _ = claim(slots, first, at: 100)
        _ = claim(slots, second, at: 105)
        slots.release(key, by: first)
        #expect(slots.status(key) != nil)
        slots.release(key, by: second)
        #expect(slots.status(key) == nil)
        guard case .granted = claim(slots, third, at: 106) else {
            Issue.record("A place that was given back was refused.")
            return
        }
    }
}
