import Testing
import Wire

private func isMap(_ bytes: [UInt8]) -> Bool { TokenReader.isMap(bytes.span, .json) }

@Suite struct `JSON documents` {
    @Test(arguments: [
        ("{}", Node.map([])),
        (" \r\n\t[ ] ", .list([])),
        (
            #"{"a":1,"b":[true,false,null]}"#,
            .map([("a", .integer(1)), ("b", .list([.boolean(true), .boolean(false), .null]))])
        ),
        (#"{"a": "x", "a": "y"}"#, .map([("a", .text("x")), ("a", .text("y"))])),
        (#""\u0041\"\\\/\b\f\n\r\t""#, .text("A\"\\/\u{8}\u{C}\n\r\t")),
        (#""\ud834\udd1e and \uD83D\uDE00""#, .text("𝄞 and 😀")),
        ("\"é€𝄞\u{7F}\u{10FFFF}\"", .text("é€𝄞\u{7F}\u{10FFFF}")),
        ("0", .integer(0)), ("-0", .integer(0)), ("-12", .integer(-12)),
        ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
        ("9223372036854775808", .decimal(9_223_372_036_854_775_808)),
        ("1.5", .decimal(1.5)), ("-0.25e2", .decimal(-25)), ("1E3", .decimal(1000)),
        ("1548118964.772", .decimal(1_548_118_964.772)),
        ("1.548118964772E9", .decimal(1_548_118_964.772)),
    ])
    func `what the RFC allows is read`(text: String, node: Node) throws {
        #expect(try read(Array(text.utf8), .json) == node)
    }

    @Test(arguments: [
        (#""\ud834""#, "\u{FFFD}"), (#""\udd1e""#, "\u{FFFD}"),
        (#""a\ud834b""#, "a\u{FFFD}b"), (#""\ud834\ud834\udd1e""#, "\u{FFFD}𝄞"),
        (#""\ud834\n""#, "\u{FFFD}\n"), (#""\ud834\u0041""#, "\u{FFFD}A"),
    ])
    func `a surrogate without its partner is a replacement character`(
        text: String, value: String
    ) throws {
        #expect(try read(Array(text.utf8), .json) == .text(value))
    }

    @Test(arguments: [
        ("", 0, WireError.Reason.truncated), ("{", 1, .truncated), ("[1", 2, .truncated),
        (#"{"a""#, 4, .truncated), (#"{"a":"#, 5, .truncated), (#""abc"#, 4, .truncated),
        (#""\"#, 2, .truncated), (#""\u12"#, 5, .truncated), ("-", 1, .truncated),
        ("1.", 2, .truncated), ("1e+", 3, .truncated), ("tru", 3, .truncated),
        ("{} {}", 3, .trailingBytes), ("1 2", 2, .trailingBytes),
        ("{,}", 1, .unexpectedByte), (#"{"a":1,}"#, 7, .unexpectedByte),
        ("[1,]", 3, .unexpectedByte), ("[,1]", 1, .unexpectedByte), ("[1 2]", 3, .unexpectedByte),
        (#"{"a" 1}"#, 5, .unexpectedByte), (#"{"a":1 "b":2}"#, 7, .unexpectedByte),
        ("{1:2}", 1, .unexpectedByte), ("[1}", 2, .unexpectedByte),
        (#"{"a":1]"#, 6, .unexpectedByte),
        ("nul1", 3, .unexpectedByte), ("+1", 0, .unexpectedByte), (".5", 0, .unexpectedByte),
        ("NaN", 0, .unexpectedByte), ("'a'", 0, .unexpectedByte), ("//x\n1", 0, .unexpectedByte),
        ("\u{FEFF}{}", 0, .unexpectedByte),
        ("01", 0, .invalidNumber), ("-01", 1, .invalidNumber), ("1.x", 2, .invalidNumber),
        ("1e ", 2, .invalidNumber), ("-a", 1, .invalidNumber), ("1e999", 0, .invalidNumber),
        (#""\x41""#, 1, .invalidEscape), (#""\u12G4""#, 1, .invalidEscape),
        ("\"a\nb\"", 2, .unexpectedByte), ("\"\u{0}\"", 1, .unexpectedByte),
    ])
    func `what the RFC does not allow is refused where it stands`(
        text: String, offset: Int, reason: WireError.Reason
    ) {
        #expect(refusal(Array(text.utf8), .json) == WireError(offset: offset, reason: reason))
    }

    @Test(
        arguments: [
            [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x9F, 0xBF], [0xED, 0xA0, 0x80],
            [0xF0, 0x8F, 0xBF, 0xBF], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF],
            [0xC3], [0xE2, 0x82], [0xF0, 0x9F, 0x98], [0xC3, 0x28],
        ] as [[UInt8]])
    func `text that is not UTF-8 is refused`(bytes: [UInt8]) {
        for before in [0, 1, 31, 32, 33] {
            let text = [0x22] + [UInt8](repeating: 0x61, count: before) + bytes + [0x22]
            #expect(
                refusal(text, .json) == WireError(offset: 1 + before, reason: .invalidUTF8))
        }
    }

    @Test func `a special character is found at every place of a vector step`() throws {
        for length in 0...100 {
            let plain = String(repeating: "p", count: length)
            #expect(try read(Array("\"\(plain)\"".utf8), .json) == .text(plain))
            #expect(
                try read(Array("[\"\(plain)\\n\(plain)é\(plain)\",1]".utf8), .json)
                    == .list([.text(plain + "\n" + plain + "é" + plain), .integer(1)]))
            #expect(
                refusal(Array("\"\(plain)\u{1F}\"".utf8), .json)
                    == WireError(offset: 1 + length, reason: .unexpectedByte))
        }
    }

    @Test func `nesting is bounded`() throws {
        let most = TokenReader.maximumDepth
        for (open, close) in [("[", "]"), (#"{"a":"#, "}")] {
            let inner = open == "[" ? "" : "1"
            let deepest =
                String(repeating: open, count: most) + inner + String(repeating: close, count: most)
            #expect(refusal(Array(deepest.utf8), .json) == nil)
            let deeper = String(repeating: open, count: most + 1)
            #expect(refusal(Array(deeper.utf8), .json)?.reason == .tooDeep)
            let huge = String(repeating: open, count: 1_000_000)
            #expect(refusal(Array(huge.utf8), .json)?.reason == .tooDeep)
        }
    }

    @Test func `a number's length is bounded`() {
        let most = TokenReader.maximumNumberBytes
        #expect(refusal(Array(("0." + String(repeating: "3", count: most - 2)).utf8), .json) == nil)
        #expect(
            refusal(Array(("0." + String(repeating: "3", count: most - 1)).utf8), .json)?.reason
                == .invalidNumber)
    }

    @Test func `a document cut anywhere is refused`() {
        let whole = Array(
            #"{"a": [1, -2.5e1, "é\ud83d\ude00\n"], "b": {"c": true, "d": null}}"#.utf8)
        for count in 0..<whole.count {
            #expect(refusal(Array(whole[..<count]), .json) != nil)
            #expect(!isMap(Array(whole[..<count])))
        }
        #expect(isMap(whole))
    }

    @Test func `only a whole map counts as one`() {
        for text in ["[]", "1", #""a""#, "null", "{} 1", "{", "", "[{}]"] {
            #expect(!isMap(Array(text.utf8)), "\(text)")
        }
    }
}
