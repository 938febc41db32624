import Crypto
import Kinesis
import Testing
import TestSupport

private func hash(_ key: String) -> UInt128 {
    MD5.hash(key.utf8.span)
}

private func shard(_ text: String) -> ShardID? {
    ShardID(lenient: text)
}

@Suite struct `Hash ranges` {
    @Test func `uniform ranges are those of the specification`() throws {
        let vectors = try ValueVectors.load()
        #expect(vectors.tilings.count >= 6)
        for vector in vectors.tilings {
            let expected = try vector.ranges.map {
                HashRange(
                    start: try #require(UInt128($0.start)), end: try #require(UInt128($0.end)))
            }
            #expect(HashRange.uniform(count: vector.count) == expected)
        }
    }

    @Test func `partition keys go to the shards that the specification says`() throws {
        for vector in try ValueVectors.load().partitionKeys {
            let hashKey = hash(vector.key)
            #expect(hashKey.description == vector.hashKey)
            for (count, place) in vector.shardOf {
                let ranges = HashRange.uniform(count: try #require(Int(count)))
                #expect(try #require(HashTiling(ranges)).place(of: hashKey) == place)
                #expect(ranges[place].contains(hashKey))
            }
        }
    }

    @Test func `uniform ranges tile all keys for every count`() throws {
        for count in Array(1...300) + [1000, 1024, 65_536] {
            let ranges = HashRange.uniform(count: count)
            #expect(ranges.count == count)
            #expect(HashTiling(ranges)?.count == count)
        }
    }

    @Test func `a range is split where AWS splits it and nowhere else`() {
        let range = HashRange(start: 10, end: 20)
        for key: UInt128 in 0...30 {
            let halves = range.split(at: key)
            #expect((halves != nil) == (key > 11 && key < 20), "\(key)")
            if let halves {
                #expect(halves.lower == HashRange(start: 10, end: key - 1))
                #expect(halves.upper == HashRange(start: key, end: 20))
                #expect(halves.lower.merged(with: halves.upper) == range)
                #expect(halves.upper.merged(with: halves.lower) == nil)
            }
        }
        #expect(HashRange.whole.split(at: 0) == nil)
        #expect(HashRange.whole.split(at: 1) == nil)
        #expect(HashRange.whole.split(at: .max) == nil)
        #expect(HashRange.whole.split(at: .max - 1) != nil)
        #expect(HashRange(start: .max, end: .max).split(at: .max) == nil)
    }

    @Test func `only neighbours in order are merged`() {
        let low = HashRange(start: 0, end: 9)
        #expect(low.merged(with: HashRange(start: 10, end: 10)) == HashRange(start: 0, end: 10))
        #expect(low.merged(with: HashRange(start: 11, end: 12)) == nil)
        #expect(low.merged(with: low) == nil)
        let high = HashRange(start: 10, end: .max)
        #expect(low.merged(with: high) == .whole)
        #expect(high.merged(with: low) == nil)
    }

    @Test func `ranges with a gap, an overlap or a missing end are no tiling`() {
        func tiles(_ ranges: (UInt128, UInt128)...) -> Bool {
            HashTiling(ranges.map { HashRange(start: $0.0, end: $0.1) }) != nil
        }
        #expect(tiles((0, .max)))
        #expect(tiles((0, 4), (5, .max)))
        #expect(!tiles())
        #expect(!tiles((1, .max)))
        #expect(!tiles((0, .max - 1)))
        #expect(!tiles((0, 4), (6, .max)))
        #expect(!tiles((0, 5), (5, .max)))
        #expect(!tiles((5, .max), (0, 4)))
        #expect(!tiles((0, .max), (0, .max)))
    }

    @Test func `the search finds the same range as looking at each`() throws {
        let seed = UInt64.random(in: .min ... .max)
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<rounds(60) {
            // Split at random until there are some ranges, then look up keys near their ends.
            var ranges = [HashRange.whole]
            for _ in 0..<Int(generator.next() % 40) {
                let place = Int.random(in: ranges.indices, using: &generator)
                let range = ranges[place]
                let key = UInt128.random(in: range.start...range.end, using: &generator)
                if let (lower, upper) = range.split(at: key) {
                    ranges.replaceSubrange(place...place, with: [lower, upper])
                }
            }
            let tiling = try #require(HashTiling(ranges))
            for (place, range) in ranges.enumerated() {
                let inside = UInt128.random(in: range.start...range.end, using: &generator)
                for key in [range.start, range.end, inside] {
                    #expect(tiling.place(of: key) == place, "seed \(seed)")
                }
            }
        }
    }
}

@Suite struct `Shard ids` {
    @Test func `ids are read as leniently as the specification says`() throws {
        let vectors = try ValueVectors.load()
        #expect(vectors.shardIds.count >= 15)
        for vector in vectors.shardIds {
            #expect(shard(vector.text)?.index == vector.index, "\(vector.text)")
        }
    }

    @Test(arguments: [
        (0, "shardId-000000000000"), (7, "shardId-000000000007"),
        (2_147_483_647, "shardId-002147483647"),
    ])
    func `ids are written with twelve digits`(index: UInt32, text: String) {
        let id = ShardID(index: index)
        #expect(id.description == text)
        var written: [UInt8] = []
        written.append(addingCapacity: 20) { id.write(into: &$0) }
        #expect(written == Array(text.utf8))
        #expect(shard(text) == id)
    }

    @Test func `ids are ordered by their number`() {
        #expect(ShardID(index: 9) < ShardID(index: 10))
        #expect(!(ShardID(index: 10) < ShardID(index: 10)))
    }
}
