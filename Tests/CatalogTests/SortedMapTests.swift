import Testing
import TestSupport

@testable import Catalog

@Suite struct SortedMapTests {
    @Test func `it agrees with a dictionary, and old versions stay as they were`() {
        for round in 0..<UInt64(rounds(4)) {
            var generator = SeededGenerator(seed: round)
            var map = SortedMap<UInt64, Int>()
            var model: [UInt64: Int] = [:]
            var kept: [(SortedMap<UInt64, Int>, [UInt64: Int])] = []
            let keys = UInt64([50, 400, 3000][Int(round % 3)])
            for step in 0..<4000 {
                let key = UInt64.random(in: 0..<keys, using: &generator)
                // Grow first, shrink later, so that chunks are divided and joined.
                if Int.random(in: 0..<4000, using: &generator) < step / 2 + 500 {
                    map.remove(key)
                    model[key] = nil
                } else {
                    map.set(key, step)
                    model[key] = step
                }
                if step % 997 == 0 { kept.append((map, model)) }
            }
            kept.append((map, model))
            for (map, model) in kept {
                #expect(map.count == model.count, "seed \(round)")
                var found: [(UInt64, Int)] = []
                map.visit {
                    found.append(($0, $1))
                    return true
                }
                #expect(found.map(\.0) == model.keys.sorted(), "seed \(round)")
                #expect(found.allSatisfy { model[$0.0] == $0.1 }, "seed \(round)")
                for key in 0..<keys { #expect(map[key] == model[key], "seed \(round)") }
            }
        }
    }

    @Test func `a visit starts at the first key that is not below`() {
        var map = SortedMap<UInt64, Int>()
        for key in 0..<UInt64(500) { map.set(key * 10, Int(key)) }
        for start in [UInt64(0), 1, 10, 631, 640, 641, 4990, 4991, 9999] {
            var first: UInt64?
            map.visit(from: start) { key, _ in
                first = key
                return false
            }
            let expected = (start + 9) / 10 * 10
            #expect(first == (expected > 4990 ? nil : expected))
        }
    }

    @Test func `a map that was emptied takes entries again`() {
        var map = SortedMap<String, Int>()
        for name in ["b", "a", "c"] { map.set(name, 1) }
        for name in ["a", "c", "b", "b"] { map.remove(name) }
        #expect(map.isEmpty && map["a"] == nil)
        map.set("z", 2)
        #expect(map["z"] == 2 && map.count == 1)
    }
}
