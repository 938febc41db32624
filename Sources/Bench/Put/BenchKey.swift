/// Partition keys of one length, spread over all shards.
enum BenchKey {
    static func make(_ number: UInt64) -> String {
        let mixed = UInt32(truncatingIfNeeded: (number &* 0x9E37_79B9_7F4A_7C15) >> 32)
        let digits = String(mixed, radix: 16)
        return String(repeating: "0", count: 8 - digits.utf8.count) + digits
    }
}
