import Testing

@testable import Server

struct TrimPolicyTests {
    private static let second: UInt64 = 1_000_000_000
    private static let mebi = 1 << 20

    @Test func `memory goes back soon after a peak and seldom under load`() {
        var policy = TrimPolicy()
        var now = TrimPolicyTests.second
        func due(_ load: Int, _ resident: Int) -> Bool {
            now += TrimPolicyTests.second
            return policy.isDue(
                load: load * TrimPolicyTests.mebi, resident: resident * TrimPolicyTests.mebi,
                isResting: false, now: now)
        }
        #expect(!due(0, 40))
        // A peak, and its end.
        #expect(!due(300, 340))
        #expect(!due(300, 341))
        #expect(due(1, 340))
        policy.trimmed(
            load: TrimPolicyTests.mebi, before: 340 * TrimPolicyTests.mebi,
            resident: 42 * TrimPolicyTests.mebi, isResting: false, now: now)
        for _ in 0..<1_000 { #expect(!due(1, 42)) }
        // What is used grows and stays: one look a minute, which makes that the new base.
        var looks = 0
        for _ in 0..<600 where due(200, 242) {
            looks += 1
            policy.trimmed(
                load: 200 * TrimPolicyTests.mebi, before: 242 * TrimPolicyTests.mebi,
                resident: 240 * TrimPolicyTests.mebi, isResting: false, now: now)
        }
        #expect(looks == 1)
        // Under load that comes and goes below what is worthwhile, nothing is given back.
        for round in 0..<100 { #expect(!due(200 + round % 7, 240 + round % 7)) }
    }

    @Test func `growth that nobody accounts for is looked at once a minute`() {
        var policy = TrimPolicy()
        var due = 0
        for time in UInt64(1)...600 {
            let now = time * TrimPolicyTests.second
            let resident = 40 << 20 + (time > 1 ? 50 << 20 : 0)
            guard policy.isDue(load: 0, resident: resident, isResting: false, now: now)
            else { continue }
            due += 1
            policy.trimmed(
                load: 0, before: 90 << 20, resident: 40 << 20, isResting: false, now: now)
        }
        #expect(due >= 9 && due <= 10)
    }

    @Test func `what was in use at a look is given back when it has been let go`() {
        var policy = TrimPolicy()
        var resident = 4 << 20
        var looks: [Int] = []
        for second in 1...3600 {
            let now = UInt64(second) * TrimPolicyTests.second
            // Three minutes of load; at its end the memory stays until it is given back.
            let isLoaded = second > 10 && second <= 190
            let load = isLoaded ? 50 << 20 : 0
            if isLoaded { resident = 60 << 20 }
            guard policy.isDue(load: load, resident: resident, isResting: false, now: now)
            else { continue }
            let before = resident
            if !isLoaded { resident = 5 << 20 }
            looks.append(second)
            policy.trimmed(
                load: load, before: before, resident: resident, isResting: false, now: now)
        }
        #expect(looks.count == 2)
        #expect(looks.last == 191 && resident == 5 << 20)
    }

    @Test func `what nothing accounts for is looked at less and less`() {
        var policy = TrimPolicy()
        var looks = 0
        for second in 1...7200 {
            let now = UInt64(second) * TrimPolicyTests.second
            let resident = (second > 1 ? 60 : 4) << 20
            let isResting = second % 100 < 50
            guard policy.isDue(load: 0, resident: resident, isResting: isResting, now: now)
            else { continue }
            looks += 1
            policy.trimmed(
                load: 0, before: resident, resident: resident, isResting: isResting, now: now)
        }
        #expect((8...13).contains(looks))
    }

    @Test func `when the node comes to rest its memory goes back soon`() {
        var policy = TrimPolicy()
        var looks: [Int] = []
        for second in 1...400 {
            let now = UInt64(second) * TrimPolicyTests.second
            // Requests that come and go between two looks; the last ones leave what they used.
            let isResting = second < 10 || second > 100
            let resident = second < 10 || looks.contains { $0 > 100 } ? 4 : 40
            guard
                policy.isDue(
                    load: 0, resident: resident << 20, isResting: isResting, now: now)
            else { continue }
            looks.append(second)
            let left = isResting ? 4 : 35
            policy.trimmed(
                load: 0, before: resident << 20, resident: left << 20, isResting: isResting,
                now: now)
        }
        #expect(looks.filter { $0 > 100 } == [101])
    }
}
