import Testing
import TestSupport
import Wire

private func json(_ body: (inout ResponseWriter) -> Void) -> String {
    var writer = ResponseWriter(.json, capacity: 16)
    body(&writer)
    return String(decoding: writer.finish(), as: UTF8.self)
}

private func cbor(_ body: (inout ResponseWriter) -> Void) -> [UInt8] {
    var writer = ResponseWriter(.cbor, capacity: 16)
    body(&writer)
    return writer.finish()
}

@Suite struct `Responses` {
    @Test func `structures, lists and values have commas between them and no spaces`() {
        let text = json { writer in
            writer.beginStructure()
            writer.key("a")
            writer.integer(-7)
            writer.key("b")
            writer.beginList()
            writer.text("x")
            writer.beginStructure()
            writer.endStructure()
            writer.beginList()
            writer.endList()
            writer.boolean(true)
            writer.endList()
            writer.key("c")
            writer.beginStructure(members: 1)
            writer.key("d")
            writer.blob([0, 255, 16].span)
            writer.endStructure()
            writer.endStructure()
        }
        #expect(text == #"{"a":-7,"b":["x",{},[],true],"c":{"d":"AP8Q"}}"#)
    }

    @Test func `what was written is read again, in both encodings`() throws {
        for round in 0..<rounds(100) {
            var generator = DocumentGenerator(seed: UInt64(round))
            let texts = (0..<5).map { _ in
                String(
                    (0..<8).map { _ in
                        "aé\"\\\u{1}\u{1F}𝄞/ ".randomElement(using: &generator) ?? "a"
                    })
            }
            let number = Int64(bitPattern: generator.next()) >> Int64(round % 64)
            for encoding in [Wire.Encoding.json, .cbor] {
                var writer = ResponseWriter(encoding, capacity: 0)
                writer.beginStructure()
                for (index, text) in texts.enumerated() {
                    writer.key("k\(index)")
                    writer.text(text)
                }
                writer.key("n")
                writer.integer(number)
                writer.endStructure()
                let expected =
                    texts.enumerated().map { ("k\($0)", Node.text($1)) } + [("n", .integer(number))]
                #expect(try read(writer.finish(), encoding) == .map(expected))
            }
        }
    }

    @Test(
        arguments: [
            (0, "0.000"), (1, "0.001"), (999, "0.999"), (1000, "1.000"),
            (1_548_118_964_772, "1548118964.772"), (1_548_118_964_000, "1548118964.000"),
            (1_548_118_964_070, "1548118964.070"), (-1, "-0.001"), (-1500, "-1.500"),
        ] as [(Int64, String)])
    func `a time in JSON is seconds with three decimals`(milliseconds: Int64, text: String) {
        #expect(json { $0.timestamp(milliseconds: milliseconds) } == text)
    }

    @Test func `a time in CBOR is tag 1 with the shortest integer of milliseconds`() {
        #expect(
            cbor { $0.timestamp(milliseconds: 1_548_118_964_772) }
                == [0xC1, 0x1B, 0, 0, 0x01, 0x68, 0x73, 0x14, 0xBA, 0x24])
        #expect(cbor { $0.timestamp(milliseconds: 23) } == [0xC1, 0x17])
    }

    @Test(
        arguments: [
            (0, [0x00]), (23, [0x17]), (24, [0x18, 0x18]), (255, [0x18, 0xFF]),
            (256, [0x19, 1, 0]),
            (65535, [0x19, 0xFF, 0xFF]), (65536, [0x1A, 0, 1, 0, 0]),
            (4_294_967_295, [0x1A, 0xFF, 0xFF, 0xFF, 0xFF]),
            (4_294_967_296, [0x1B, 0, 0, 0, 1, 0, 0, 0, 0]), (-1, [0x20]), (-24, [0x37]),
            (-25, [0x38, 0x18]), (.min, [0x3B, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]),
        ] as [(Int64, [UInt8])])
    func `integers in CBOR have the shortest form`(value: Int64, bytes: [UInt8]) {
        #expect(cbor { $0.integer(value) } == bytes)
        #expect(json { $0.integer(value) } == String(value))
    }

    @Test func `control characters are escaped and nothing else is`() {
        #expect(
            json { $0.text("\u{0}\u{8}\t\n\u{C}\r\u{1F}\"\\/\u{7F}é𝄞") }
                == "\"\\u0000\\b\\t\\n\\f\\r\\u001f\\\"\\\\/\u{7F}é𝄞\"")
        for length in 0...70 {
            let plain = String(repeating: "a", count: length)
            #expect(json { $0.text(plain + "\"é" + plain) } == "\"\(plain)\\\"é\(plain)\"")
        }
    }

    @Test func `a writer continues behind what it was given`() {
        var writer = ResponseWriter(.json, after: Array("abc".utf8))
        writer.beginList()
        writer.integer(1)
        writer.value(capacity: 9) { output in for byte in "false".utf8 { output.append(byte) } }
        writer.endList()
        #expect(String(decoding: writer.finish(), as: UTF8.self) == #"abc[1,false]"#)
    }

    @Test func `sized structures in CBOR have no break`() {
        let bytes = cbor { writer in
            writer.beginStructure(members: 2)
            writer.key("a")
            writer.beginList()
            writer.endList()
            writer.key("b")
            writer.beginStructure()
            writer.endStructure()
            writer.endStructure()
        }
        #expect(bytes == [0xA2, 0x61, 0x61, 0x9F, 0xFF, 0x61, 0x62, 0xBF, 0xFF])
    }
}
