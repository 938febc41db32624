import Testing

@testable import Gateway

/// A generator with a seed that a failing test prints.
private struct Chance {
    var state: UInt64
    mutating func below(_ bound: Int) -> Int {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return Int((z ^ (z >> 31)) % UInt64(bound))
    }
}

struct MemoryBudgetTests {
    @Test func `a connection may hold as much as is free, and others still get some`() {
        let budget = MemoryBudget(limit: 800 << 20)
        func fill(_ memory: ConnectionMemory) {
            while memory.take(64 << 10) {}
        }
        var held: [Int] = []
        for _ in 0..<4 {
            // Each from an address of its own.
            let memory = ConnectionMemory(budget, PeerMemory())
            fill(memory)
            held.append(memory.bytes >> 20)
        }
        // A half, a quarter, an eighth …, and of the floor an eighth of what is free.
        #expect(held.map { $0 > 20 } == [true, true, true, true])
        #expect(held[0] >= 350 && held[0] < 370)
        #expect(budget.heldBytes < budget.limit)
    }

    @Test func `an address with many connections leaves a fifth to others`() {
        let budget = MemoryBudget(limit: 800 << 20)
        let peer = PeerMemory()
        for _ in 0..<50 {
            let memory = ConnectionMemory(budget, peer)
            while memory.take(1 << 20) {}
        }
        #expect(peer.bytes <= budget.commonLimit / 5 * 4)
        let other = ConnectionMemory(budget, PeerMemory())
        #expect(other.take(64 << 20))
        // Its own small calls are served from the floor.
        let small = ConnectionMemory(budget, peer)
        #expect(!small.take(16 << 20))
        #expect(small.take(64 << 10))
    }

    @Test func `the smallest memory takes the largest body that is taken, alone`() {
        let budget = MemoryBudget(limit: 32 << 20)
        let peer = PeerMemory()
        let large = ConnectionMemory(budget, peer)
        #expect(budget.largestBody > 27 << 20)
        #expect(large.take(budget.largestBody + Limits.headOverhead))
        let small = ConnectionMemory(budget, peer)
        #expect(small.take(64 << 10))
        #expect(!small.take(1 << 20))
        large.giveBack(budget.largestBody + Limits.headOverhead)
        small.giveBack(64 << 10)
        #expect(budget.heldBytes == 0 && peer.bytes == 0)
    }

    @Test func `an announced body costs what comes of it`() {
        #expect(BodyCharge.bytes(arrived: 0, announced: 32 << 20) == 0)
        #expect(BodyCharge.bytes(arrived: 1, announced: 32 << 20) == 8)
        #expect(BodyCharge.bytes(arrived: 4 << 20, announced: 32 << 20) == 32 << 20)
        #expect(BodyCharge.bytes(arrived: 900, announced: 1_000) == 1_000)
        #expect(BodyCharge.bytes(arrived: 1_001, announced: 1_000) == 1_001)
        #expect(BodyCharge.bytes(arrived: 1, announced: nil) == 64 << 10)
    }

    /// Bodies of many connections in random order, as `Request` charges them. Whatever comes:
    /// memory is never over the limit, nothing waits (a body comes to its end or is refused at
    /// once), one that was charged whole is never refused, a small body of a connection that holds
    /// nothing is always taken, and all is given back.
    @Test(arguments: UInt64(1)...200)
    func `bodies that arrive in any order come to their ends or are refused`(seed: UInt64) {
        struct Body {
            var connection: Int
            var announced: Int?
            var total: Int
            var arrived = 0
            var memory: RequestMemory
            var isWhole = false
        }
        var chance = Chance(state: seed)
        let budget = MemoryBudget(limit: (32 + chance.below(64)) << 20)
        let peers = (0..<(1 + chance.below(3))).map { _ in PeerMemory() }
        let connections = (0..<(1 + chance.below(8))).map { _ in
            ConnectionMemory(budget, peers[chance.below(peers.count)])
        }
        var bodies: [Body] = []
        var drawn: [String: Int] = [:]
        func count(_ what: String) { drawn[what, default: 0] += 1 }
        func end(_ place: Int) {
            bodies[place].memory.keep(0)
            bodies.swapAt(place, bodies.count - 1)
            bodies.removeLast()
        }
        for step in 0..<3_000 {
            if bodies.isEmpty || step < 2_500 && bodies.count < 60 && chance.below(4) == 0 {
                let total = 1 + [100, 50_000, 1_000_000, budget.largestBody][chance.below(4)]
                let length = 1 + chance.below(min(total, budget.largestBody))
                let connection = chance.below(connections.count)
                var body = Body(
                    connection: connection, announced: chance.below(5) == 0 ? nil : length,
                    total: length, memory: RequestMemory(connections[connection]))
                let wasIdle = connections[connection].bytes == 0
                guard body.memory.hold(Limits.requestBytes + 1_024) else {
                    #expect(!wasIdle, "seed \(seed): a request of an idle connection was refused")
                    count("head refused")
                    continue
                }
                body.isWhole = body.announced == 0
                bodies.append(body)
            }
            let place = chance.below(bodies.count)
            // A peer that stays away is ended by its least rate.
            if chance.below(40) == 0 {
                count("gone")
                end(place)
                continue
            }
            let held = bodies[place].memory.held
            let isOnlyOne = connections[bodies[place].connection].bytes == held
            bodies[place].arrived = min(
                bodies[place].total, bodies[place].arrived + 1 + chance.below(2_000_000))
            let charge = BodyCharge.bytes(
                arrived: bodies[place].arrived, announced: bodies[place].announced)
            if bodies[place].memory.hold(Limits.requestBytes + 1_024 + charge) {
                count("charged")
                if charge == bodies[place].announced { bodies[place].isWhole = true }
            } else {
                count("refused")
                #expect(!bodies[place].isWhole, "seed \(seed): an admitted body was refused")
                #expect(
                    !isOnlyOne || charge > 60 << 10, "seed \(seed): a small body was refused")
                end(place)
                continue
            }
            #expect(budget.heldBytes <= budget.limit)
            if bodies[place].arrived == bodies[place].total {
                count("complete")
                end(place)
            }
        }
        // No more begin: every one that is left comes to its end.
        while !bodies.isEmpty {
            let place = chance.below(bodies.count)
            bodies[place].arrived = min(bodies[place].total, bodies[place].arrived + 1_000_000)
            let charge = BodyCharge.bytes(
                arrived: bodies[place].arrived, announced: bodies[place].announced)
            let fits = bodies[place].memory.hold(Limits.requestBytes + 1_024 + charge)
            #expect(fits || bodies.count > 1, "seed \(seed): the last body was refused")
            if !fits || bodies[place].arrived == bodies[place].total { end(place) }
        }
        #expect(budget.heldBytes == 0)
        #expect(peers.allSatisfy { $0.bytes == 0 })
        #expect(drawn["charged", default: 0] > 0 && drawn["complete", default: 0] > 0)
    }
}
