import Crypto
import Testing
import TestSupport

/// The macros of Swift Testing cannot look into calls that lend a span.
private func md5(_ text: String) -> UInt128 {
    MD5.hash(text.utf8.span)
}

private func sha256(_ text: String) -> [UInt8] {
    SHA256.hash(text.utf8.span)
}

private func areEqual(_ a: [UInt8], _ b: [UInt8]) -> Bool {
    constantTimeEquals(a.span, b.span)
}

@Suite struct `Digests` {
    // RFC 1321, appendix A.5.
    @Test(arguments: [
        ("", "d41d8cd98f00b204e9800998ecf8427e"),
        ("a", "0cc175b9c0f1b6a831c399e269772661"),
        ("message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
        (
            "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
            "57edf4a22be3c955ac49da2e2107b67a"
        ),
    ])
    func `MD5 gives the digests of its RFC as big-endian integers`(text: String, digest: String) {
        #expect(md5(text) == UInt128(digest, radix: 16))
    }

    // FIPS 180-2, appendix B, and the digest of nothing.
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func `SHA-256 gives the digests of its standard`(text: String, digest: String) {
        #expect(sha256(text) == unhex(digest))
    }

    @Test func `a SHA-256 digest does not depend on how its message was cut`() {
        let message = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000)
        var digest = SHA256()
        var start = 0
        var step = 1
        while start < message.count {
            let end = min(start + step, message.count)
            digest.update(message.span.extracting(start..<end))
            start = end
            step = step % 1000 + 7
        }
        #expect(
            digest.finish()
                == unhex("cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"))
    }

    @Test func `a copy of a SHA-256 state goes its own way`() {
        var digest = SHA256()
        digest.update("ab".utf8.span)
        var other = digest
        digest.update("c".utf8.span)
        other.update("d".utf8.span)
        #expect(digest.finish() == sha256("abc"))
        #expect(other.finish() == sha256("abd"))
        #expect(digest.finish() == sha256("abc"))
    }
}

@Suite struct `Message authentication` {
    struct Vector: Sendable {
        var key, message, code: String
    }

    // RFC 4231, test cases 1, 2, 3, 6 and 7.
    static let vectors = [
        Vector(
            key: String(repeating: "0b", count: 20), message: "4869205468657265",
            code: "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        Vector(
            key: "4a656665", message: "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
            code: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        Vector(
            key: String(repeating: "aa", count: 20), message: String(repeating: "dd", count: 50),
            code: "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
        Vector(
            key: String(repeating: "aa", count: 131),
            message: """
                54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a\
                65204b6579202d2048617368204b6579204669727374
                """,
            code: "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
        Vector(
            key: String(repeating: "aa", count: 131),
            message: """
                5468697320697320612074657374207573696e672061206c6172676572207468\
                616e20626c6f636b2d73697a65206b657920616e642061206c61726765722074\
                68616e20626c6f636b2d73697a6520646174612e20546865206b6579206e6565\
                647320746f20626520686173686564206265666f7265206265696e6720757365\
                642062792074686520484d414320616c676f726974686d2e
                """,
            code: "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"),
    ]

    @Test(arguments: vectors)
    func `HMAC-SHA-256 gives the codes of its RFC`(vector: Vector) {
        let code = HMACSHA256.authenticate(unhex(vector.message).span, key: unhex(vector.key))
        #expect(code == unhex(vector.code))
    }

    @Test func `equal bytes are equal and any difference is found`() {
        for count in 0..<70 {
            let a = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37) }
            #expect(areEqual(a, Array(a)))
            for place in 0..<count {
                for bit in 0..<8 {
                    var b = a
                    b[place] ^= 1 << bit
                    #expect(!areEqual(a, b))
                }
            }
            #expect(!areEqual(a, a + [0]))
        }
    }
}
