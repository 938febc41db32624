import Crypto
import Testing
import TestSupport

@Suite struct `AES-256-GCM` {
    // Test cases 13 to 16 of McGrew and Viega, "The Galois/Counter Mode of Operation", appendix B.
    static let key = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"
    static let plain =
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c9595680953"
        + "2fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255"
    static let cipher =
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3d"
        + "a7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad"

    struct Vector: Sendable {
        var key, nonce, plain, aad, sealed: String
    }

    static let vectors = [
        Vector(
            key: String(repeating: "0", count: 64), nonce: String(repeating: "0", count: 24),
            plain: "", aad: "", sealed: "530f8afbc74536b9a963b4f1c4cb738b"),
        Vector(
            key: String(repeating: "0", count: 64), nonce: String(repeating: "0", count: 24),
            plain: String(repeating: "0", count: 32), aad: "",
            sealed: "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"),
        Vector(
            key: key, nonce: "cafebabefacedbaddecaf888", plain: plain, aad: "",
            sealed: cipher + "b094dac5d93471bdec1a502270e3cc6c"),
        Vector(
            key: key, nonce: "cafebabefacedbaddecaf888", plain: String(plain.dropLast(8)),
            aad: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
            sealed: String(cipher.dropLast(8)) + "76fc6ece0f4e1768cddf8853bb2d551b"),
    ]

    /// The macros of Swift Testing cannot look into calls that lend a span.
    func open(_ sealed: [UInt8], key: [UInt8], nonce: [UInt8], aad: [UInt8]) -> [UInt8]? {
        AESGCM(key: key).open(sealed.span, nonce: nonce, aad: aad.span)
    }

    func seal(_ plain: [UInt8], key: [UInt8], nonce: [UInt8], aad: [UInt8]) -> [UInt8] {
        AESGCM(key: key).seal(plain.span, nonce: nonce, aad: aad.span)
    }

    @Test(arguments: vectors)
    func `messages are sealed as the standard's vectors have it`(vector: Vector) {
        let key = unhex(vector.key)
        let nonce = unhex(vector.nonce)
        let aad = unhex(vector.aad)
        let plain = unhex(vector.plain)
        let sealed = seal(plain, key: key, nonce: nonce, aad: aad)
        #expect(sealed == unhex(vector.sealed))
        #expect(open(sealed, key: key, nonce: nonce, aad: aad) == plain)
    }

    @Test func `a message that was changed in any bit is refused`() {
        let key = unhex(Self.key)
        let nonce = [UInt8](repeating: 7, count: 12)
        let aad: [UInt8] = [1, 2, 3]
        let sealed = seal(Array("a record".utf8), key: key, nonce: nonce, aad: aad)
        for place in sealed.indices {
            for bit in 0..<8 {
                var changed = sealed
                changed[place] ^= 1 << bit
                #expect(open(changed, key: key, nonce: nonce, aad: aad) == nil)
            }
            #expect(open(Array(sealed[..<place]), key: key, nonce: nonce, aad: aad) == nil)
        }
        let otherNonce = [UInt8](repeating: 8, count: 12)
        let otherKey = [UInt8](repeating: 0, count: 32)
        #expect(open(sealed, key: key, nonce: nonce, aad: [1, 2, 4]) == nil)
        #expect(open(sealed, key: key, nonce: otherNonce, aad: aad) == nil)
        #expect(open(sealed, key: otherKey, nonce: nonce, aad: aad) == nil)
        #expect(open(sealed, key: key, nonce: nonce, aad: aad) == Array("a record".utf8))
    }
}
