import Foundation
import Testing
import TestSupport
import Wire

private struct Messages: Decodable {
    struct Message: Decodable {
        var name: String
        var style: String
        var cbor: String
        var json: String
    }
    var messages: [Message]
}

private struct Refused: Decodable {
    struct Document: Decodable {
        var name: String
        var cbor: String
        var offset: Int
    }
    var documents: [Document]
}

/// A tree with what JSON cannot tell apart made alike: blobs as base64 text, times as seconds.
private func asJSON(_ node: Node) -> Node {
    switch node {
    case .map(let members): .map(members.map { ($0.0, asJSON($0.1)) })
    case .list(let elements): .list(elements.map(asJSON))
    case .bytes(let bytes): .text(Data(bytes).base64EncodedString())
    case .timestamp(let milliseconds): .decimal(Double(milliseconds) / 1000)
    default: node
    }
}

private func write(_ node: Node, _ writer: inout ResponseWriter, definite: Bool) {
    switch node {
    case .map(let members):
        if definite {
            writer.beginStructure(members: members.count)
        } else {
            writer.beginStructure()
        }
        for (name, value) in members {
            writer.key(name)
            write(value, &writer, definite: definite)
        }
        writer.endStructure()
    case .list(let elements):
        writer.beginList()
        for element in elements { write(element, &writer, definite: definite) }
        writer.endList()
    case .text(let text): writer.text(text)
    case .bytes(let bytes): writer.blob(bytes.span)
    case .integer(let value): writer.integer(value)
    case .boolean(let value): writer.boolean(value)
    case .timestamp(let value): writer.timestamp(milliseconds: value)
    case .decimal, .null: Issue.record("responses have none")
    }
}

@Suite struct `CBOR documents` {
    @Test func `the vectors are read, and written again byte for byte`() throws {
        let file = try Specification.load("vectors/cbor-messages.json", as: Messages.self)
        #expect(file.messages.count >= 5)
        for message in file.messages {
            let node = try read(unhex(message.cbor), .cbor)
            #expect(asJSON(node) == (try read(Array(message.json.utf8), .json)), "\(message.name)")
            var writer = ResponseWriter(.cbor, capacity: 0)
            write(node, &writer, definite: message.style == "definite")
            #expect(writer.finish() == unhex(message.cbor), "\(message.name)")
            writer = ResponseWriter(.json, capacity: 0)
            write(node, &writer, definite: false)
            #expect(String(decoding: writer.finish(), as: UTF8.self) == message.json)
        }
    }

    @Test func `the vectors cut anywhere are refused`() throws {
        let file = try Specification.load("vectors/cbor-messages.json", as: Messages.self)
        for message in file.messages {
            let bytes = unhex(message.cbor)
            for count in 0..<bytes.count {
                #expect(
                    refusal(Array(bytes[..<count]), .cbor) != nil, "\(message.name) at \(count)")
            }
            #expect(refusal(bytes + [0], .cbor)?.reason == .trailingBytes)
        }
    }

    @Test func `what the subset does not have is refused where it stands`() throws {
        let file = try Specification.load("vectors/cbor-refused.json", as: Refused.self)
        #expect(file.documents.count >= 20)
        for document in file.documents {
            #expect(
                refusal(unhex(document.cbor), .cbor)?.offset == document.offset, "\(document.name)")
        }
    }

    @Test(arguments: [
        ("00", Node.integer(0)), ("17", .integer(23)), ("1818", .integer(24)),
        ("1903e8", .integer(1000)), ("1a000f4240", .integer(1_000_000)),
        ("1b000000e8d4a51000", .integer(1_000_000_000_000)), ("1800", .integer(0)),
        ("20", .integer(-1)), ("3903e7", .integer(-1000)),
        ("1b7fffffffffffffff", .integer(.max)), ("3b7fffffffffffffff", .integer(.min)),
        ("1bffffffffffffffff", .decimal(18_446_744_073_709_551_616)),
        ("f93c00", .decimal(1)), ("f93e00", .decimal(1.5)), ("f90001", .decimal(0x1p-24)),
        ("f97bff", .decimal(65504)), ("f9c400", .decimal(-4)), ("f90400", .decimal(0x1p-14)),
        ("fa47c35000", .decimal(100_000)), ("fb3ff199999999999a", .decimal(1.1)),
        ("f4", .boolean(false)), ("f5", .boolean(true)), ("f6", .null), ("f7", .null),
        ("40", .bytes([])), ("4301ff00", .bytes([1, 255, 0])),
        ("5f42010243030405ff", .bytes([1, 2, 3, 4, 5])),
        ("60", .text("")), ("62c3bc", .text("ü")),
        ("7f657374726561646d696e67ff", .text("streaming")),
        ("5fff", .bytes([])), ("7fff", .text("")),
        ("83010203", .list([.integer(1), .integer(2), .integer(3)])),
        (
            "9f018202039f0405ffff",
            .list([
                .integer(1), .list([.integer(2), .integer(3)]),
                .list([.integer(4), .integer(5)]),
            ])
        ),
        ("d9d9f7a0", .map([])),
        (
            "c074323031332d30332d32315432303a30343a30305a",
            .text("2013-03-21T20:04:00Z")
        ),
        ("c11b000001687314ba24", .timestamp(1_548_118_964_772)), ("c100", .timestamp(0)),
        ("c120", .timestamp(-1)),
    ])
    func `every form of a value is read`(hex: String, node: Node) throws {
        #expect(try read(unhex(hex), .cbor) == node)
    }

    @Test(
        arguments: [
            (1_548_118_964.772, 1_548_118_964_772), (0.0015, 2), (-1.5, -1500),
            (99_999_999_999, 99_999_999_999_000), (1e11, 100_000_000_000),
            (1_548_118_964_772, 1_548_118_964_772), (1e300, 9_000_000_000_000_000),
        ] as [(Double, Int64)])
    func `a time in floating point is seconds unless it is too large for that`(
        value: Double, milliseconds: Int64
    ) throws {
        let bits = (0..<8).reversed().map {
            UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0))
        }
        #expect(try read([0xC1, 0xFB] + bits, .cbor) == .timestamp(milliseconds))
    }

    @Test func `nesting and tags are bounded`() {
        let most = TokenReader.maximumDepth
        let open = [UInt8](repeating: 0x81, count: most)
        #expect(refusal(open + [0x00], .cbor) == nil)
        #expect(refusal([0x81] + open + [0x00], .cbor)?.reason == .tooDeep)
        #expect(
            refusal([UInt8](repeating: 0x9F, count: 1_000_000), .cbor)?.reason == .tooDeep)
        #expect(
            refusal([UInt8](repeating: 0xC6, count: 1_000_000), .cbor)?.reason == .unsupportedItem)
    }

    @Test func `a length that nothing can have is refused at once`() {
        // Were a byte reserved for each announced one, this would end the process.
        for head in [0x5B, 0x7B, 0x9B, 0xBB] as [UInt8] {
            for argument in [UInt64.max, UInt64(Int64.max), 1 << 40, 10] {
                let bytes = (0..<8).reversed().map {
                    UInt8(truncatingIfNeeded: argument >> (8 * $0))
                }
                #expect(refusal([head] + bytes, .cbor)?.reason == .impossibleLength)
            }
        }
    }
}

@Suite struct `JSON and CBOR` {
    @Test func `random documents say the same in both`() throws {
        for round in 0..<rounds(400) {
            var generator = DocumentGenerator(seed: 0xB0B + UInt64(round))
            let node = generator.document()
            let json = generator.json(node)
            let cbor = generator.cbor(node)
            #expect(try read(json, .json) == node, "seed \(0xB0B + round)")
            #expect(try read(cbor, .cbor) == node, "seed \(0xB0B + round)")
        }
    }

    @Test func `random damage is refused or read, never more`() {
        for round in 0..<rounds(400) {
            var generator = DocumentGenerator(seed: 0xDA4A6E + UInt64(round))
            let node = generator.document()
            for (encoding, bytes) in [
                (Wire.Encoding.json, generator.json(node)), (.cbor, generator.cbor(node)),
            ] {
                var damaged = bytes
                for _ in 0..<3 {
                    let index = Int.random(in: 0..<damaged.count, using: &generator)
                    damaged[index] = UInt8.random(in: 0...255, using: &generator)
                }
                if let error = refusal(damaged, encoding) {
                    #expect((0...damaged.count).contains(error.offset))
                }
                #expect(
                    refusal(Array(bytes.dropLast()), encoding) != nil || bytes.last == 0x20
                        || bytes.last == 0x0A || bytes.last == 0x09)
            }
        }
    }
}
