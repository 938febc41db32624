import Reactor
import Testing
import TestSupport

@testable import Gateway

private func address(_ text: String) throws -> PeerAddress {
    PeerAddress(try #require(SocketAddress(numeric: text, port: 1)))
}

struct PeerTableTests {
    @Test func `loopback is what only this machine has`() throws {
        for text in ["127.0.0.1", "127.9.8.7", "::1", "::ffff:127.0.0.1"] {
            #expect(try address(text).isLoopback, "\(text)")
        }
        for text in ["192.0.2.1", "128.0.0.1", "2001:db8::1", "::ffff:192.0.2.1", "fe80::1"] {
            #expect(try !address(text).isLoopback, "\(text)")
        }
    }

    @Test func `one address gets its share, and others get the rest`() throws {
        let table = PeerTable(bound: 16)
        let greedy = try address("192.0.2.1")
        var held: [Peer] = []
        while case .admitted(let peer) = table.admit(greedy, now: 0) { held.append(peer) }
        #expect(held.count == 8)
        #expect(!table.isFull)
        for last in 1...8 {
            let other = try address("192.0.2.\(100 + last)")
            guard case .admitted = table.admit(other, now: 0) else {
                Issue.record("an address without a connection was refused")
                return
            }
        }
        #expect(table.isFull)
        // Local programs have more in common, and still not all.
        let local = PeerTable(bound: 16)
        var count = 0
        while case .admitted = local.admit(try address("127.0.0.1"), now: 0) { count += 1 }
        #expect(count == 14)
        guard case .admitted = local.admit(try address("127.0.0.2"), now: 0) else {
            Issue.record("an address without a connection was refused")
            return
        }
    }

    @Test func `the smallest tables still let somebody in`() throws {
        for bound in 1...4 {
            let table = PeerTable(bound: bound)
            for text in ["192.0.2.1", "127.0.0.1"] {
                #expect(table.share(of: try address(text)) >= 1)
            }
            #expect(table.newcomersShare >= 1)
        }
    }

    @Test func `the counts are those of a simple model, whatever comes and goes`() throws {
        let seed = UInt64.random(in: .min ... .max)
        var draw = SeededGenerator(seed: seed)
        let names = ["127.0.0.1", "127.0.0.2", "192.0.2.1", "192.0.2.2", "2001:db8::1", "::1"]
        let addresses = try names.map(address)
        var drawn: [String: Int] = [:]
        for round in 0..<20 {
            let table = PeerTable(bound: Int.random(in: 1...40, using: &draw))
            var open: [(peer: Peer, place: Int, proven: Bool)] = []
            var now: UInt64 = 0
            for _ in 0..<400 {
                now += UInt64(Int.random(in: 0..<1_000_000_000, using: &draw))
                switch Int.random(in: 0..<10, using: &draw) {
                case 0..<5:
                    // Every second table has a greedy address.
                    let isGreedy = round % 2 == 0 && Int.random(in: 0..<8, using: &draw) > 0
                    let place = isGreedy ? 2 : Int.random(in: 0..<addresses.count, using: &draw)
                    let mine = open.count { $0.place == place }
                    let isAtShare = mine >= table.share(of: addresses[place])
                    if open.count == table.bound {
                        // The caller does not ask then.
                        #expect(table.isFull, "seed \(seed)")
                        drawn["full", default: 0] += 1
                        break
                    }
                    switch table.admit(addresses[place], now: now) {
                    case .admitted(let peer):
                        #expect(!isAtShare, "seed \(seed)")
                        open.append((peer, place, false))
                        drawn["admitted", default: 0] += 1
                    case .refused:
                        #expect(isAtShare, "seed \(seed)")
                        drawn["refused", default: 0] += 1
                    }
                case 5..<7:
                    guard !open.isEmpty else { break }
                    let place = Int.random(in: 0..<open.count, using: &draw)
                    if !open[place].proven {
                        table.prove()
                        open[place].proven = true
                        drawn["proven", default: 0] += 1
                    }
                case 7..<9:
                    guard !open.isEmpty else { break }
                    let gone = open.remove(at: Int.random(in: 0..<open.count, using: &draw))
                    table.leave(gone.peer, wasProven: gone.proven)
                    drawn[gone.proven ? "left" : "left unproven", default: 0] += 1
                default:
                    for _ in table.takeEndedRefusals(now: now) {
                        drawn["refusals ended", default: 0] += 1
                    }
                }
                #expect(table.connections == open.count, "seed \(seed)")
                #expect(table.newcomers == open.count { !$0.proven }, "seed \(seed)")
                #expect(table.addresses == Set(open.map(\.place)).count, "seed \(seed)")
            }
            for each in open { table.leave(each.peer, wasProven: each.proven) }
            #expect(table.connections == 0 && table.newcomers == 0 && table.addresses == 0)
            _ = table.takeEndedRefusals(now: .max)
            #expect(table.refused.isEmpty)
        }
        let classes = ["full", "admitted", "refused", "proven", "left", "left unproven"]
        for name in classes + ["refusals ended"] {
            #expect(drawn[name, default: 0] > 0, "\(name) was never drawn, seed \(seed)")
        }
    }
}

struct EpisodeTests {
    @Test func `a state is entered once and left once, however often its cause comes`() throws {
        let second: UInt64 = 1_000_000_000
        let accepting = Accepting()
        #expect(accepting.takeEnded(now: 100 * second) == nil)
        var entered = 0
        for tick in 0..<1_000 {
            if accepting.paused(.connections, now: second + UInt64(tick) * second / 100) {
                entered += 1
            }
            #expect(accepting.takeEnded(now: second + UInt64(tick) * second / 100) == nil)
        }
        #expect(entered == 1)
        #expect(accepting.obstacle == .connections)
        #expect(accepting.pauses(.connections) == 1_000)
        #expect(accepting.takeEnded(now: 15 * second) == nil)
        let ended = try #require(accepting.takeEnded(now: 16 * second))
        #expect(ended.events == 1_000 && ended.seconds == 9)
        #expect(accepting.obstacle == nil)
        #expect(accepting.takeEnded(now: 17 * second) == nil)
        #expect(accepting.paused(.system, "accept: Too many open files", now: 20 * second))
        #expect(accepting.detail == "accept: Too many open files")
    }

    @Test func `an address is told of once while it is refused`() throws {
        let second: UInt64 = 1_000_000_000
        let table = PeerTable(bound: 2)
        let greedy = try address("192.0.2.1")
        guard case .admitted = table.admit(greedy, now: second) else { return }
        var new = 0
        for tick in 0..<100 {
            if case .refused(isNew: true) = table.admit(greedy, now: second + UInt64(tick)) {
                new += 1
            }
        }
        #expect(new == 1)
        #expect(table.refused.map(\.address) == [greedy.description])
        #expect(table.takeEndedRefusals(now: 2 * second).isEmpty)
        let ended = table.takeEndedRefusals(now: 7 * second)
        #expect(ended.map(\.1.events) == [100])
        guard case .refused(isNew: true) = table.admit(greedy, now: 8 * second) else {
            Issue.record("a new episode is told of")
            return
        }
    }
}
