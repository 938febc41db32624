import CBytes
import Foundation
import Testing
import TestSupport
import Wire

private func encoded(_ bytes: [UInt8]) -> [UInt8] {
    var text: [UInt8] = []
    Base64.encode(bytes.span, appendingTo: &text)
    return text
}

private func decoded(_ text: [UInt8]) throws(Base64.Fault) -> [UInt8] {
    try Base64.decode(text.span)
}

private func decoded(_ text: String) throws(Base64.Fault) -> [UInt8] {
    try decoded(Array(text.utf8))
}

private typealias Kernel = (UnsafeMutableRawPointer, UnsafePointer<CChar>, Int) -> Int

/// What a kernel makes of a text in a buffer with `room` more bytes than it needs: the buffer, and
/// the kernel's result.
private func decoded(
    _ text: [UInt8], room: Int = 0, by kernel: Kernel
) -> (buffer: [UInt8], result: Int) {
    var buffer = [UInt8](repeating: 0xEE, count: text.count / 4 * 3 + room)
    let characters = text.map { CChar(bitPattern: $0) } + [0]
    let result = unsafe kernel(&buffer, characters, text.count)
    return (buffer, result)
}

/// What the portable kernel makes of a text: its bytes, or nil if it is bad.
private func portablyDecoded(_ text: [UInt8]) -> [UInt8]? {
    let (buffer, result) = unsafe decoded(text) { unsafe weir_base64_decode_portable($0, $1, $2) }
    return result < 0 ? nil : Array(buffer[..<result])
}

private func portablyEncoded(_ bytes: [UInt8]) -> [UInt8] {
    var text = [CChar](repeating: 0, count: Base64.encodedCount(bytes.count))
    let count = unsafe weir_base64_encode_portable(&text, bytes, bytes.count)
    return text[..<count].map { UInt8(bitPattern: $0) }
}

@Suite struct `Base64 text` {
    // RFC 4648, section 10.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
        ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
    ])
    func `bytes and text are those of the RFC`(plain: String, text: String) throws {
        #expect(encoded(Array(plain.utf8)) == Array(text.utf8))
        #expect(try decoded(text) == Array(plain.utf8))
    }

    @Test func `encoding agrees with Foundation and the portable kernel at every length`() throws {
        let seed = UInt64.random(in: .min ... .max)
        var random = SeededGenerator(seed: seed)
        for count in 0...300 {
            let bytes = random.bytes(count)
            let text = encoded(bytes)
            #expect(
                text == Array(Data(bytes).base64EncodedString().utf8), "seed \(seed), \(count)")
            #expect(text.count == Base64.encodedCount(count))
            #expect(text == portablyEncoded(bytes))
            #expect(try decoded(text) == bytes, "seed \(seed), \(count)")
            #expect(portablyDecoded(text) == bytes, "seed \(seed), \(count)")
        }
    }

    @Test func `every character at every place is judged as by the portable kernel`() {
        // 68 characters: one block of 32 at once, the rest one group of four after the other.
        for (count, places) in [(50, 0..<68), (49, 60..<68), (51, 60..<68)] {
            let text = encoded((0..<count).map { UInt8(truncatingIfNeeded: $0 &* 151 &+ 3) })
            for place in places {
                for character in UInt8.min...UInt8.max {
                    var changed = text
                    changed[place] = character
                    #expect((try? decoded(changed)) == portablyDecoded(changed))
                }
            }
        }
    }

    @Test func `a text of broken length is refused with its length`() {
        for count in [1, 2, 3, 5, 97] {
            let text = [UInt8](repeating: UInt8(ascii: "A"), count: count)
            #expect(throws: Base64.Fault.lengthNotMultipleOfFour(count: count)) {
                try decoded(text)
            }
        }
    }

    @Test(arguments: [
        ("A*AA", 1), ("AA=A", 2), ("=AAA", 0), ("AAA\u{7F}", 3), ("AA-_", 2),
        ("AA==AAAA", 2), ("A AA", 1), ("*===", 0),
    ])
    func `a character that cannot stand in base64 is named`(text: String, offset: Int) {
        #expect(throws: Base64.Fault.invalidCharacter(offset: offset)) { try decoded(text) }
    }

    @Test func `a bad character far inside a long text is found`() {
        for place in 0..<396 {
            var text = [UInt8](repeating: UInt8(ascii: "A"), count: 400)
            text[place] = UInt8(ascii: "!")
            #expect(throws: Base64.Fault.invalidCharacter(offset: place)) { try decoded(text) }
        }
    }

    @Test(arguments: [("Zh==", 1), ("Zm9=", 2), ("AAAAZm9vYh==", 9), ("A===", 0), ("====", 0)])
    func `bits that the padding discards and too much padding are bad ends`(
        text: String, offset: Int
    ) {
        #expect(throws: Base64.Fault.invalidLastCharacter(offset: offset)) { try decoded(text) }
    }

    @Test func `a refused text leaves what was there before`() {
        var bytes: [UInt8] = [1, 2, 3]
        let text = Array(String(repeating: "AAAA", count: 40).utf8) + Array("A*AA".utf8)
        do {
            try Base64.decode(text.span, appendingTo: &bytes)
            Issue.record("a bad text was accepted")
        } catch {
            #expect(error == .invalidCharacter(offset: 161))
        }
        #expect(bytes == [1, 2, 3])
    }

    @Test func `encoding appends to what is there`() {
        for count in 0...200 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
            var text: [UInt8] = [9]
            Base64.encode(bytes.span, appendingTo: &text)
            #expect(text == [9] + encoded(bytes))
        }
    }

    @Test func `decoding writes nothing beyond its room`() {
        for count in 0...200 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
            let text = encoded(bytes)
            let (buffer, result) = unsafe decoded(text, room: 64) {
                unsafe weir_base64_decode($0, $1, $2)
            }
            #expect(result == count)
            #expect(Array(buffer[..<count]) == bytes)
            #expect(buffer.suffix(64).allSatisfy { $0 == 0xEE }, "\(count)")
        }
    }
}
