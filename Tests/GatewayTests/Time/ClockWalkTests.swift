import Catalog
import Kinesis
import ShardLog
import Testing
import TestSupport

@testable import Gateway

/// A clock that goes where a seed leads it, under a stream that is written, split, read and cleaned
/// up meanwhile.
struct ClockWalkTests {
    private enum Event: CaseIterable {
        case ahead, behind, aLittle, right, off, passing, longPassing, puts, split
    }

    @Test func `acknowledged records are there for their retention, wherever the clock goes`()
        throws
    {
        var drawn: [Event: Int] = [:]
        for seed in 0..<UInt64(rounds(3)) {
            var random = SeededGenerator(seed: seed)
            let walk = try Walk("seed \(seed)")
            defer { walk.store.remove() }
            var shards = [UInt32(0)]
            for _ in 0..<30 {
                let event = Event.allCases.randomElement(using: &random)!
                drawn[event, default: 0] += 1
                switch event {
                case .ahead: walk.clock.jump(Int64.random(in: 1...30 * day, using: &random))
                case .behind: walk.clock.jump(-Int64.random(in: 1...30 * day, using: &random))
                case .aLittle: walk.clock.jump(Int64.random(in: -hour...hour, using: &random))
                case .right: walk.clock.putRight()
                case .off:
                    // A start with another clock, after some time off.
                    try walk.store.reopen { _ in
                        walk.clock.pass(Int64.random(in: 0...2 * day, using: &random))
                        if Bool.random(using: &random) {
                            walk.clock.jump(Int64.random(in: -3 * day...3 * day, using: &random))
                        }
                    }
                case .passing: try walk.run(Int64.random(in: 1...hour, using: &random))
                case .longPassing: try walk.run(Int64.random(in: hour...20 * hour, using: &random))
                case .puts: break
                case .split:
                    guard shards.count < 4 else { break }
                    let shard = shards.removeFirst()
                    try walk.store.split("s", shard)
                    let stream = try walk.store.stream("s")
                    let open = stream.shards.filter { !$0.isClosed }
                    shards = open.map(\.id.index)
                }
                for shard in shards {
                    try walk.put(Int.random(in: 1...8, using: &random), into: shard)
                }
                try walk.check()
            }
            // Put right, the node comes back to real time within what its rules say.
            walk.clock.putRight()
            try walk.run(hour)
            #expect(abs(walk.store.log.presentMilliseconds() - walk.clock.right) < 2000)
            try walk.check()
            // And nothing is kept for ever, though what was stamped by a clock that was ahead stays
            // until the right one has been there.
            let last = try shards.flatMap { try walk.read(.horizon, of: $0).arrivals }.max()
            let ahead = max(0, (last ?? 0) - walk.clock.right)
            try walk.run(ahead + 2 * day)
            for shard in shards {
                try walk.put(1, into: shard)
                #expect(try walk.read(.horizon, of: shard).records.count == 1, "seed \(seed)")
            }
        }
        #expect(drawn.count == Event.allCases.count)
    }
}
