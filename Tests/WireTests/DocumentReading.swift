import Foundation
import Wire

/// Reads a whole document into a tree.
func read(_ bytes: [UInt8], _ encoding: Wire.Encoding) throws(WireError) -> Node {
    var reader = TokenReader(bytes.span, encoding)
    let node = try value(try reader.next(), &reader)
    guard try reader.next() == .end else {
        throw WireError(offset: reader.offset, reason: .trailingBytes)
    }
    return node
}

private func value(_ token: Token, _ reader: inout TokenReader) throws(WireError) -> Node {
    switch token {
    case .beginMap:
        var members: [(String, Node)] = []
        while case .key(let key) = try reader.next() {
            let name = string(key, reader)
            members.append((name, try value(try reader.next(), &reader)))
        }
        return .map(members)
    case .beginList:
        var elements: [Node] = []
        while true {
            let token = try reader.next()
            if token == .endList { return .list(elements) }
            elements.append(try value(token, &reader))
        }
    case .text(let text): return .text(string(text, reader))
    case .bytes(let range):
        var bytes: [UInt8] = []
        reader.append(range, to: &bytes)
        return .bytes(bytes)
    case .integer(let value): return .integer(value)
    case .decimal(let value): return .decimal(value)
    case .boolean(let value): return .boolean(value)
    case .null: return .null
    case .timestamp(let milliseconds): return .timestamp(milliseconds)
    case .key, .endMap, .endList, .end:
        throw WireError(offset: reader.offset, reason: .unexpectedByte)
    }
}

private func string(_ range: StringRange, _ reader: borrowing TokenReader) -> String {
    var bytes: [UInt8] = []
    reader.append(range, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
}

/// The error that reading gives, or nil.
func refusal(_ bytes: [UInt8], _ encoding: Wire.Encoding) -> WireError? {
    do throws(WireError) {
        _ = try read(bytes, encoding)
        return nil
    } catch {
        return error
    }
}
