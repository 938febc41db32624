/// The two ids of an answer: a version 4 UUID for the request, and 96 characters of base64 for the
/// connection that served it.
///
/// They tell answers apart in logs and are no secrets, so one seeded generator a reactor is enough.
struct ResponseIDs {
    typealias RequestID = [36 of UInt8]

    private var state: (UInt64, UInt64, UInt64, UInt64)

    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    init() {
        var system = SystemRandomNumberGenerator()
        state = (system.next() | 1, system.next(), system.next(), system.next())
    }

    /// A request id, 36 characters in lower case, of two random words.
    static func requestID(_ first: UInt64, _ second: UInt64) -> RequestID {
        var requestID = RequestID(repeating: UInt8(ascii: "-"))
        var characters = requestID.mutableSpan
        // The random bits of RFC 9562 §5.4 in groups of four.
        characters[14] = UInt8(ascii: "4")
        Self.write(first, 8, at: 0, to: &characters)
        Self.write(first >> 32, 4, at: 9, to: &characters)
        Self.write(first >> 48, 3, at: 15, to: &characters)
        characters[19] = UInt8(ascii: "8") + UInt8(second >> 63)
        Self.write(second >> 48, 3, at: 20, to: &characters)
        Self.write(second, 8, at: 24, to: &characters)
        Self.write(second >> 32, 4, at: 32, to: &characters)
        return requestID
    }

    /// Writes `count` hexadecimal digits, at most eight, of the lowest bits of `word`.
    @inline(__always)
    private static func write(
        _ word: UInt64, _ count: Int, at start: Int, to characters: inout MutableSpan<UInt8>
    ) {
        // Eight digits at a time: each nibble goes to a byte of its own, and gets 39 more, the
        // distance from "9" to "a", where it is above 9.
        var nibbles = word & 0xffff_ffff
        nibbles = (nibbles | nibbles << 16) & 0x0000_ffff_0000_ffff
        nibbles = (nibbles | nibbles << 8) & 0x00ff_00ff_00ff_00ff
        nibbles = (nibbles | nibbles << 4) & 0x0f0f_0f0f_0f0f_0f0f
        let letters = (nibbles &+ 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
        var digits = nibbles &+ 0x3030_3030_3030_3030 &+ letters &* 39
        for position in 0..<count {
            characters[start + position] = UInt8(truncatingIfNeeded: digits)
            digits >>= 8
        }
    }

    /// 72 random bytes in base64.
    mutating func makeHostID() -> [UInt8] {
        var characters: [UInt8] = []
        var word: UInt64 = 0
        for position in 0..<96 {
            if position % 10 == 0 { word = next() }
            characters.append(Self.alphabet[Int(word & 63)])
            word >>= 6
        }
        return characters
    }

    /// A random word, by xoshiro256** (Blackman and Vigna).
    mutating func next() -> UInt64 {
        let product = state.1 &* 5
        let result = (product << 7 | product >> 57) &* 9
        let shifted = state.1 << 17
        state.2 ^= state.0
        state.3 ^= state.1
        state.1 ^= state.2
        state.0 ^= state.3
        state.2 ^= shifted
        state.3 = state.3 << 45 | state.3 >> 19
        return result
    }
}
