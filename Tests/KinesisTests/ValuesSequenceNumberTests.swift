import Kinesis
import Testing
import TestSupport

private func finding(
    _ text: String, shard: UInt32 = 0, created: UInt64 = 1_548_118_962
) -> SequenceNumberFinding {
    SequenceNumberFinding(text.utf8.span, shardIndex: shard, shardCreatedSecond: created)
}

/// The name of a finding's case.
private func name(_ finding: SequenceNumberFinding) -> String {
    String(String(describing: finding).prefix { $0 != "(" })
}

private func random(_ generator: inout SeededGenerator) -> SequenceNumber {
    SequenceNumber(
        shardCreatedSecond: generator.number(upTo: SequenceNumber.greatestSecond),
        shardIndex: UInt32(generator.number(upTo: UInt64(SequenceNumber.greatestShardIndex))),
        index: generator.number(upTo: SequenceNumber.greatestIndex),
        second: generator.number(upTo: SequenceNumber.greatestSecond))
}

/// Compares as clients do: the longer number is the greater, else the first digits that differ.
private func isLess(_ a: String, _ b: String) -> Bool {
    a.utf8.count == b.utf8.count ? a < b : a.utf8.count < b.utf8.count
}

@Suite struct `Sequence numbers` {
    @Test func `the numbers of the specification are written and read as it says`() throws {
        let vectors = try ValueVectors.load()
        #expect(vectors.numbers.count >= 8)
        for vector in vectors.numbers {
            let number = SequenceNumber(
                shardCreatedSecond: try #require(UInt64(vector.shardCreatedSecond)),
                shardIndex: vector.shardIndex, index: try #require(UInt64(vector.index)),
                second: try #require(UInt64(vector.second)))
            #expect(number.description == vector.decimal, "\(vector.name)")
            #expect(SequenceNumber(vector.decimal) == number, "\(vector.name)")
        }
    }

    @Test func `starting and ending numbers are those of the specification`() throws {
        let numbers = try ValueVectors.load().numbers
        func decimal(_ name: String) throws -> String {
            try #require(numbers.first { $0.name == name }).decimal
        }
        let created: UInt64 = 1_548_118_962
        for shard: UInt32 in 0...1 {
            let start = SequenceNumber.start(shardCreatedSecond: created, shardIndex: shard)
            #expect(try start.description == decimal("start of shard \(shard)"))
        }
        let end = SequenceNumber.end(
            shardCreatedSecond: created, shardIndex: 0, closedSecond: 1_548_119_000)
        #expect(try end.description == decimal("end of shard 0"))
    }

    @Test func `findings are those of the specification`() throws {
        let vectors = try ValueVectors.load()
        #expect(vectors.findings.count >= 20)
        for vector in vectors.findings {
            #expect(name(finding(vector.decimal)) == vector.finding, "\(vector.name)")
        }
        for number in vectors.numbers.prefix(3) {
            #expect(name(finding(number.decimal)) == "fine", "\(number.name)")
        }
    }

    @Test func `a finding carries what its answer needs`() {
        let number = SequenceNumber(
            shardCreatedSecond: 100, shardIndex: 3, index: 9, second: 200)
        let text = number.description
        #expect(finding(text, shard: 3, created: 100) == .fine(number))
        #expect(finding(text, shard: 4, created: 100) == .otherShard(3))
        #expect(finding(text, shard: 3, created: 101) == .otherStream)
    }

    @Test func `any number survives being written and read`() {
        let seed = UInt64.random(in: .min ... .max)
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<rounds(5000) {
            let number = random(&generator)
            let text = number.description
            #expect(text.utf8.count == SequenceNumber.digitCount, "seed \(seed)")
            #expect(SequenceNumber(text) == number, "seed \(seed)")
            var written: [UInt8] = []
            written.append(addingCapacity: 56) { number.write(into: &$0) }
            #expect(written == Array(text.utf8), "seed \(seed)")
        }
    }

    @Test func `numbers are ordered as their texts are`() {
        let seed = UInt64.random(in: .min ... .max)
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<rounds(5000) {
            let a = random(&generator)
            // Often a neighbour that differs in one part only.
            let other = random(&generator)
            let part = generator.next() % 5
            let b = SequenceNumber(
                shardCreatedSecond: part == 0 ? other.shardCreatedSecond : a.shardCreatedSecond,
                shardIndex: part == 1 ? other.shardIndex : a.shardIndex,
                index: part == 2 ? other.index : a.index,
                second: part == 3 || part == 2 ? other.second : a.second)
            #expect((a < b) == isLess(a.description, b.description), "seed \(seed)")
            #expect((b < a) == isLess(b.description, a.description), "seed \(seed)")
        }
    }

    @Test func `a text that is not written by us is never read as a number`() {
        let seed = UInt64.random(in: .min ... .max)
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<rounds(5000) {
            var digits = Array(random(&generator).description.utf8)
            digits[Int.random(in: digits.indices, using: &generator)] =
                generator.next() % 4 == 0
                ? UInt8.random(in: 0...255, using: &generator)
                : UInt8.random(in: UInt8(ascii: "0")...UInt8(ascii: "9"), using: &generator)
            let text = String(decoding: digits, as: UTF8.self)
            if let number = SequenceNumber(text) {
                #expect(number.description == text, "seed \(seed)")
            }
        }
    }

    @Test(arguments: [
        ("0", true), ("1", true), ("1" + String(repeating: "0", count: 128), true), ("", false),
        ("00", false), ("01", false), ("1" + String(repeating: "0", count: 129), false),
        ("-1", false), ("1 ", false), ("1.0", false), ("١", false),
    ])
    func `the pattern of the service's model is kept`(text: String, isNumber: Bool) {
        #expect((finding(text) != .notANumber) == isNumber)
    }
}
