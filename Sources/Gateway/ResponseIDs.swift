/// The two ids of every response: a version 4 UUID, and 96 characters of base64.
///
/// They tell answers apart in logs and are no secrets, so one seeded generator a reactor is
/// enough, and of the long one only a sixth is new each time: every answer's is still unlike every
/// other's by 96 random bits.
struct ResponseIDs {
    private var state: (UInt64, UInt64, UInt64, UInt64)
    /// The last request id, 36 characters in lower case.
    private(set) var requestID: [UInt8]
    /// The last extended id, 72 bytes in base64.
    private(set) var extendedID: [UInt8]
    private var place = 0
    private let alphabet: [64 of UInt8]

    private static let freshCharacters = 16

    init() {
        var system = SystemRandomNumberGenerator()
        state = (system.next() | 1, system.next(), system.next(), system.next())
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        alphabet = [64 of UInt8] { letters[$0] }
        requestID = Array("00000000-0000-4000-8000-000000000000".utf8)
        extendedID = [UInt8](repeating: 0, count: 96)
        for _ in 0..<96 / Self.freshCharacters { advanceExtended() }
    }

    /// Makes both ids new.
    mutating func advance() {
        advanceRequest()
        advanceExtended()
    }

    private mutating func advanceRequest() {
        var word = next()
        let second = next()
        var characters = requestID.mutableSpan
        for position in 0..<36 {
            switch position {
            case 8, 13, 14, 18, 23: continue
            case 19: characters[position] = UInt8(ascii: "8") + UInt8(second >> 60 & 1)
            case 20:
                word = second
                fallthrough
            default:
                let digit = UInt8(truncatingIfNeeded: word & 15)
                characters[position] = digit < 10 ? 48 + digit : 87 + digit
                word >>= 4
            }
        }
    }

    private mutating func advanceExtended() {
        var word = next()
        let second = next()
        let start = place
        let letters = alphabet
        var characters = extendedID.mutableSpan
        for position in 0..<Self.freshCharacters {
            if position == 10 { word = second }
            characters[start + position] = letters[Int(word & 63)]
            word >>= 6
        }
        place = (place + Self.freshCharacters) % 96
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
}
