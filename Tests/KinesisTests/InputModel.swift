import Foundation
import TestSupport

/// The input of each operation as the specification lists it, for tests that go through all of them.
struct InputModel: Decodable {
    final class Shape: Decodable, Sendable {
        let name: String?
        let required: Bool?
        let type: String
        let min: Int?
        let max: Int?
        let pattern: String?
        let `enum`: [String]?
        let members: [Shape]?
        let element: Shape?
        let key: Shape?
        let value: Shape?
    }

    struct Input: Decodable, Sendable {
        var operation: String
        var target: String
        var members: [Shape]
    }

    var inputs: [Input]

    static func load() throws -> [Input] {
        try Specification.load("vectors/inputs.json", as: InputModel.self).inputs
    }
}

/// A request's value, to be written in either encoding.
indirect enum Sample: Sendable {
    case text(String)
    case blob([UInt8])
    case number(Int)
    case boolean(Bool)
    /// A time in milliseconds; whole seconds, so that both encodings hold it exactly.
    case time(Int)
    case list([Sample])
    case map([(String, Sample)])
    case null

    /// A value that satisfies the shape's constraints.
    static func valid(_ shape: InputModel.Shape) -> Sample {
        switch shape.type {
        case "string": .text(shape.enum?.last ?? validText(shape))
        case "blob": .blob([0, 255, 16])
        case "integer", "long": .number(shape.min ?? 1)
        case "boolean": .boolean(true)
        case "timestamp": .time(1_548_118_964_000)
        case "structure": .map(members(shape.members ?? []))
        case "list": .list(shape.element.map { [valid($0)] } ?? [])
        case "map": .map([("a", .text("b"))])
        default: preconditionFailure("a type that the model has not: \(shape.type)")
        }
    }

    static func members(_ shapes: [InputModel.Shape]) -> [(String, Sample)] {
        shapes.map { ($0.name ?? "", valid($0)) }
    }

    private static func validText(_ shape: InputModel.Shape) -> String {
        switch shape.pattern ?? "" {
        case "": "text"
        case "[a-z0-9]{20}-[a-z0-9]{3}": "0123456789abcdefghij-xyz"
        case let pattern where pattern.hasPrefix("^(0|"): "7"
        case let pattern where pattern.hasPrefix("^(arn)"):
            "arn:aws:kinesis:us-east-1:123456789012:stream/foo/consumer/app:1767323045"
        case let pattern where pattern.hasPrefix("arn"):
            "arn:aws:kinesis:us-east-1:123456789012:stream/foo"
        default: "foo"
        }
    }

    func json() -> String {
        switch self {
        case .text(let text): quoted(text)
        case .blob(let bytes): quoted(Data(bytes).base64EncodedString())
        case .number(let value): "\(value)"
        case .boolean(let value): "\(value)"
        case .time(let milliseconds): "\(milliseconds / 1000)"
        case .list(let elements): "[" + elements.map { $0.json() }.joined(separator: ", ") + "]"
        case .map(let members):
            "{" + members.map { "\(quoted($0.0)): \($0.1.json())" }.joined(separator: ", ") + "}"
        case .null: "null"
        }
    }

    /// As Python's json writes it: everything beyond ASCII in escapes.
    private func quoted(_ text: String) -> String {
        var result = "\""
        for unit in text.utf16 {
            if unit == 0x22 || unit == 0x5C {
                result += "\\" + String(UnicodeScalar(UInt8(unit)))
            } else if (0x20..<0x7F).contains(unit) {
                result += String(UnicodeScalar(UInt8(unit)))
            } else {
                let digits = String(unit, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }
        }
        return result + "\""
    }

    func cbor() -> [UInt8] {
        switch self {
        case .text(let text): head(3, text.utf8.count) + Array(text.utf8)
        case .blob(let bytes): head(2, bytes.count) + bytes
        case .number(let value): value < 0 ? head(1, -1 - value) : head(0, value)
        case .boolean(let value): [value ? 0xF5 : 0xF4]
        case .time(let milliseconds): [0xC1] + head(0, milliseconds)
        case .list(let elements): [0x9F] + elements.flatMap { $0.cbor() } + [0xFF]
        case .map(let members):
            [0xBF]
                + members.flatMap { head(3, $0.0.utf8.count) + Array($0.0.utf8) + $0.1.cbor() }
                + [0xFF]
        case .null: [0xF6]
        }
    }

    private func head(_ major: UInt8, _ argument: Int) -> [UInt8] {
        if argument < 24 { return [major << 5 | UInt8(argument)] }
        let width = argument <= 0xFF ? 0 : argument <= 0xFFFF ? 1 : argument <= 0xFFFF_FFFF ? 2 : 3
        return [major << 5 | UInt8(24 + width)]
            + (0..<(1 << width)).reversed().map { UInt8(truncatingIfNeeded: argument >> (8 * $0)) }
    }
}
