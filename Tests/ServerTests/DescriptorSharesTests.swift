import Testing

@testable import Server

struct DescriptorSharesTests {
    /// Every limit up to 70,000 and the orders of magnitude above, with every number of reactors.
    @Test func `shares keep their least, and their sum is within the limit`() throws {
        let limits =
            Array(0...2_000) + stride(from: 2_001, through: 70_000, by: 97)
            + [1 << 17, 1 << 19, 1 << 20, 1 << 30]
        var refused = 0
        for reactors in [1, 2, 3, 16, 64] {
            for limit in limits {
                for open in [3, 4, 40] {
                    let least = DescriptorShares.least(open: open, reactors: reactors)
                    guard
                        let shares = DescriptorShares(
                            limit: limit, open: open, reactors: reactors)
                    else {
                        #expect(limit < least)
                        refused += 1
                        continue
                    }
                    try #require(limit >= least)
                    try #require(shares.log >= DescriptorShares.leastLog)
                    try #require(shares.log <= DescriptorShares.mostLog)
                    try #require(shares.connections >= DescriptorShares.leastConnections)
                    let own = open + reactors * DescriptorShares.perReactor
                    try #require(
                        own + DescriptorShares.process + shares.log + shares.connections <= limit)
                }
            }
        }
        #expect(refused > 0)
    }

    @Test func `the usual limits`() throws {
        func shares(_ limit: Int) throws -> DescriptorShares {
            try #require(DescriptorShares(limit: limit, open: 3, reactors: 2))
        }
        let small = try shares(256)
        #expect((small.log, small.connections) == (75, 150))
        let usual = try shares(1024)
        #expect((usual.log, usual.connections) == (331, 662))
        let large = try shares(65_536)
        #expect((large.log, large.connections) == (4_096, 40_000))
    }
}
