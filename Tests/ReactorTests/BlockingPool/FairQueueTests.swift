import Testing
import TestSupport

@testable import Reactor

private func owner(_ address: Int, _ connection: Int = 0) -> JobOwner {
    JobOwner(
        address: PeerAddress(
            SocketAddress(numeric: "10.0.\(address / 256).\(address % 256)", port: 1)
                ?? .loopbackIPv4(port: 1)),
        reactor: 0, connection: UInt64(connection))
}

/// A queue as simple as it can be: lists of lists.
private struct ModelQueue {
    struct Line {
        let owner: JobOwner
        var jobs: [Int]
    }
    struct Group {
        let address: PeerAddress
        var lines: [Line]
    }
    let capacity: Int
    let connectionCapacity: Int
    var groups: [Group] = []
    var count: Int { groups.reduce(0) { $0 + $1.lines.reduce(0) { $0 + $1.jobs.count } } }

    mutating func add(_ job: Int, of owner: JobOwner) -> BlockingRefusal? {
        let left = capacity - count
        if left <= 0 { return .full }
        let group = groups.firstIndex { $0.address == owner.address }
        let ofAddress = group.map { groups[$0].lines.reduce(0) { $0 + $1.jobs.count } } ?? 0
        if ofAddress >= left { return .address }
        let line = group.flatMap { g in groups[g].lines.firstIndex { $0.owner == owner } }
        let own = line.flatMap { l in group.map { groups[$0].lines[l].jobs.count } } ?? 0
        if own >= min(connectionCapacity, left - ofAddress) { return .connection }
        if let group, let line {
            groups[group].lines[line].jobs.append(job)
        } else if let group {
            groups[group].lines.append(Line(owner: owner, jobs: [job]))
        } else {
            groups.append(
                Group(address: owner.address, lines: [Line(owner: owner, jobs: [job])]))
        }
        return nil
    }

    mutating func take() -> Int? {
        guard !groups.isEmpty else { return nil }
        var group = groups.removeFirst()
        var line = group.lines.removeFirst()
        let job = line.jobs.removeFirst()
        if !line.jobs.isEmpty { group.lines.append(line) }
        if !group.lines.isEmpty { groups.append(group) }
        return job
    }

    mutating func remove(_ job: Int) -> Bool {
        for g in groups.indices {
            for l in groups[g].lines.indices {
                guard let place = groups[g].lines[l].jobs.firstIndex(of: job) else { continue }
                groups[g].lines[l].jobs.remove(at: place)
                groups[g].lines.removeAll(where: \.jobs.isEmpty)
                groups.removeAll(where: \.lines.isEmpty)
                return true
            }
        }
        return false
    }
}

struct FairQueueTests {
    @Test func `who has one waiting waits for one of each other, not for all of them`() throws {
        var queue = FairQueue<String>(capacity: 20_000, connectionCapacity: 5_000)
        for number in 0..<4_000 { _ = try queue.add("greedy \(number)", of: owner(1)).get() }
        _ = try queue.add("other", of: owner(2)).get()
        _ = try queue.add("neighbour", of: owner(1, 7)).get()
        #expect(queue.take() == "greedy 0")
        #expect(queue.take() == "other")
        // Connections of one address take turns in the turns of their address.
        #expect(queue.take() == "neighbour")
        #expect(queue.take() == "greedy 1")
    }

    @Test func `one that takes all it can leaves room for others`() throws {
        var queue = FairQueue<Int>(capacity: 900, connectionCapacity: 900)
        var accepted: [Int] = []
        for address in 1...3 {
            var count = 0
            // Each on a connection of its own.
            while case .success = queue.add(0, of: owner(address, count)) { count += 1 }
            accepted.append(count)
        }
        #expect(accepted == [450, 225, 113])
        guard case .failure(.address) = queue.add(0, of: owner(1)) else {
            Issue.record("the greedy one is not told that it is at its bound")
            return
        }
        #expect(try queue.add(0, of: owner(4)).get() != 0)
        guard case .failure(.connection) = FairQueue<Int>.full(of: owner(1), at: 3) else {
            Issue.record("a connection has no bound")
            return
        }
    }

    @Test func `any order of adding, taking and giving up is that of the model`() throws {
        let seed: UInt64 = 0x5eed_0301
        var generator = SeededGenerator(seed: seed)
        var drawn: [String: Int] = [:]
        for _ in 0..<rounds(200) {
            let capacity = Int.random(in: 1...40, using: &generator)
            let connectionCapacity = Int.random(in: 1...20, using: &generator)
            var queue = FairQueue<Int>(capacity: capacity, connectionCapacity: connectionCapacity)
            var model = ModelQueue(capacity: capacity, connectionCapacity: connectionCapacity)
            var tickets: [(job: Int, ticket: UInt64)] = []
            for job in 0..<200 {
                switch Int.random(in: 0..<10, using: &generator) {
                case 0..<6:
                    let who = owner(
                        Int.random(in: 0..<4, using: &generator),
                        Int.random(in: 0..<3, using: &generator))
                    let refusal = model.add(job, of: who)
                    switch queue.add(job, of: who) {
                    case .success(let ticket):
                        try #require(refusal == nil, "seed \(seed)")
                        tickets.append((job, ticket))
                        drawn["added", default: 0] += 1
                    case .failure(let reason):
                        try #require(refusal == reason, "seed \(seed)")
                        drawn["\(reason)", default: 0] += 1
                    }
                case 6..<8:
                    let taken = queue.take()
                    try #require(taken == model.take(), "seed \(seed)")
                    drawn[taken == nil ? "empty" : "taken", default: 0] += 1
                default:
                    // Also tickets of what was taken long ago.
                    guard let (job, ticket) = tickets.randomElement(using: &generator) else {
                        break
                    }
                    let isThere = model.remove(job)
                    try #require((queue.remove(ticket: ticket) == job) == isThere, "seed \(seed)")
                    drawn[isThere ? "given up" : "too late", default: 0] += 1
                }
                try #require(queue.count == model.count, "seed \(seed)")
            }
            while let job = model.take() { try #require(queue.take() == job, "seed \(seed)") }
            #expect(queue.take() == nil)
        }
        let classes = [
            "added", "connection", "address", "full", "empty", "taken", "given up", "too late",
        ]
        for one in classes { #expect(drawn[one, default: 0] > 0, "\(one) was never drawn") }
    }
}

extension FairQueue<Int> {
    /// What a connection is told behind its bound in a queue with much room.
    fileprivate static func full(
        of owner: JobOwner, at bound: Int
    ) -> Result<UInt64, BlockingRefusal> {
        var queue = FairQueue(capacity: 1_000, connectionCapacity: bound)
        for _ in 0..<bound { _ = queue.add(0, of: owner) }
        return queue.add(0, of: owner)
    }
}
