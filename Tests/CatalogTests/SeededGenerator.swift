import Foundation

/// SplitMix64: the same seed, the same run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// One in `n`.
    mutating func chance(_ n: Int) -> Bool {
        Int.random(in: 0..<n, using: &self) == 0
    }
}

/// How often seeded tests run: few times by default, many with WEIR_TEST_LONG=1.
func rounds(_ short: Int) -> Int {
    ProcessInfo.processInfo.environment["WEIR_TEST_LONG"] == "1" ? short * 20 : short
}
