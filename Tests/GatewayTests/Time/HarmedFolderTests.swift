import Catalog
import Foundation
import Kinesis
import ShardLog
import Testing

@testable import Gateway

/// A folder that an older program has left after its clock was ahead: its node time stays ahead,
/// records that arrived since carry the right time, and there is no ledger.
struct HarmedFolderTests {
    /// What that program believed: every clock, and that all time passes.
    private var credulous: ClockRules {
        var rules = ClockRules()
        rules.boundMilliseconds = .max
        rules.gapMilliseconds = .max
        rules.stepMilliseconds = .max
        return rules
    }

    /// Makes the folder, with a clock two days ahead for a moment, and opens it with the rules of
    /// today.
    private func harmed(whileAhead: (Walk) throws -> Void) throws -> Walk {
        let walk = try Walk("harmed", credulous)
        try walk.put(5, into: 0)
        try walk.run(60_000)
        walk.clock.jump(2 * day)
        // For a moment: retention was not looked at.
        walk.clock.pass(2000)
        try whileAhead(walk)
        // Numbers that are given out now are of that time, once the journal has such a ceiling.
        let shard = try walk.store.shard("s")
        try walk.store.wait("a ceiling that is ahead") {
            walk.store.log.housekeep()
            return shard.log.quietPoint().continuation >> 20 > UInt64(2 * day)
        }
        walk.clock.putRight()
        try walk.run(60_000)
        try walk.put(5, into: 0)
        try walk.store.reopen { configuration in
            try FileManager.default.removeItem(atPath: configuration.folder + "/ledger")
            configuration.clockRules = ClockRules()
        }
        return walk
    }

    private func expectHealed(_ walk: Walk) throws {
        #expect(walk.store.log.clockStatus.isBelieved)
        #expect(abs(walk.store.log.presentMilliseconds() - walk.clock.right) < 2000)
        for _ in 0..<3 {
            try walk.check()
            #expect(try walk.read(.horizon, of: 0).records.count == walk.acknowledged[0]?.count)
            try walk.put(5, into: 0)
            try walk.run(hour)
            try walk.store.reopen()
        }
        try walk.run(4 * day)
        try walk.put(1, into: 0)
        #expect(try walk.read(.horizon, of: 0).records.count == 1)
    }

    @Test func `what was hidden is there again when nothing was written meanwhile`() throws {
        let walk = try harmed { _ in }
        defer { walk.store.remove() }
        try expectHealed(walk)
    }

    @Test func `a record that came meanwhile and a retention that was changed hide nothing`()
        throws
    {
        let walk = try harmed { walk in
            try walk.put(1, into: 0)
            try walk.store.perform(
                .updateStream(Store.key("s"), .increaseRetention(hours: 25)))
            try walk.store.perform(
                .updateStream(Store.key("s"), .decreaseRetention(hours: 24)))
        }
        defer { walk.store.remove() }
        try expectHealed(walk)
    }
}
