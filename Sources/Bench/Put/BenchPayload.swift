/// What a bench puts into a record: when it was due, its number, a digest of the rest, and random
/// bytes that do not compress.
struct BenchPayload {
    static let headerBytes = 24
    private let noise: [UInt8]
    let bytes: Int
    private var state: UInt64

    /// Payloads of `bytes`, at least the header and eight more.
    init(bytes: Int, seed: UInt64) {
        precondition(bytes >= Self.headerBytes + 8, "a payload holds its header")
        self.bytes = bytes
        state = seed | 1
        var state = seed | 1
        var noise: [UInt8] = []
        noise.reserveCapacity(bytes + 65_536)
        while noise.count < bytes + 65_536 {
            let word = Self.step(&state)
            for shift in 0..<8 {
                noise.append(UInt8(truncatingIfNeeded: word >> (8 * UInt64(shift))))
            }
        }
        self.noise = noise
    }

    /// One step of xorshift64*, which is random enough for what nobody guesses.
    private static func step(_ state: inout UInt64) -> UInt64 {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return state &* 0x2545_F491_4F6C_DD1D
    }

    /// The payload of message `number`, which is due at `due`.
    mutating func make(due: UInt64, number: UInt64) -> [UInt8] {
        var payload: [UInt8] = []
        payload.reserveCapacity(bytes)
        let offset = Int(Self.step(&state) % 65_536)
        let body = noise.span.extracting(offset..<offset + bytes - Self.headerBytes)
        for word in [due, number, Self.digest(body)] {
            for shift in 0..<8 {
                payload.append(UInt8(truncatingIfNeeded: word >> (8 * UInt64(shift))))
            }
        }
        payload.append(contentsOf: noise[offset..<offset + bytes - Self.headerBytes])
        return payload
    }

    /// What a payload says about itself.
    struct Header: Equatable {
        var due: UInt64
        var number: UInt64
    }

    /// Reads and checks a payload; nil if any byte behind the header is not what was put.
    static func check(_ payload: Span<UInt8>) -> Header? {
        guard payload.count >= headerBytes,
            word(payload, at: 16) == digest(payload.extracting(headerBytes...))
        else { return nil }
        return Header(due: word(payload, at: 0), number: word(payload, at: 8))
    }

    private static func word(_ bytes: Span<UInt8>, at offset: Int) -> UInt64 {
        var word: UInt64 = 0
        for i in 0..<8 { word |= UInt64(bytes[offset + i]) << (8 * UInt64(i)) }
        return word
    }

    /// Eight bytes at a time, each mixed by a multiplication and a rotation; the last word is padded
    /// with the length.
    static func digest(_ bytes: Span<UInt8>) -> UInt64 {
        var digest: UInt64 = 0x9E37_79B9_7F4A_7C15
        var offset = 0
        while offset + 8 <= bytes.count {
            digest = mix(digest, word(bytes, at: offset))
            offset += 8
        }
        var last = UInt64(bytes.count)
        while offset < bytes.count {
            last = last << 8 | UInt64(bytes[offset])
            offset += 1
        }
        return mix(digest, last)
    }

    private static func mix(_ digest: UInt64, _ word: UInt64) -> UInt64 {
        let product = (digest ^ word) &* 0xFF51_AFD7_ED55_8CCD
        return product << 29 | product >> 35
    }
}
