import Wire

/// The two ids of every response: a version 4 UUID, and 96 characters of base64.
///
/// They tell answers apart in logs and are no secrets, so one seeded generator a reactor is
/// enough; asking the system for random bytes would cost as much as the rest of the head.
struct ResponseIDs {
    private var state: (UInt64, UInt64, UInt64, UInt64)
    private static let hex = Array("0123456789abcdef".utf8)
    private static let base64 = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    init() {
        var system = SystemRandomNumberGenerator()
        state = (system.next() | 1, system.next(), system.next(), system.next())
    }

    /// xoshiro256** (Blackman and Vigna).
    private mutating func next() -> UInt64 {
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

    /// 36 characters, lower case.
    mutating func requestID(into bytes: inout [UInt8]) {
        bytes.removeAll(keepingCapacity: true)
        var word = next()
        for position in 0..<36 {
            switch position {
            case 8, 13, 18, 23:
                bytes.append(UInt8(ascii: "-"))
                continue
            case 14:
                bytes.append(UInt8(ascii: "4"))
                continue
            case 20: word = next() | 1 << 63
            default: break
            }
            let digit = position == 19 ? 8 | (word & 3) : word & 15
            bytes.append(Self.hex[Int(digit)])
            word >>= 4
        }
    }

    /// 72 random bytes in base64.
    mutating func extendedID(into bytes: inout [UInt8]) {
        bytes.removeAll(keepingCapacity: true)
        var word: UInt64 = 0
        for position in 0..<96 {
            if position % 10 == 0 { word = next() }
            bytes.append(Self.base64[Int(word & 63)])
            word >>= 6
        }
    }
}
