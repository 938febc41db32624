import Wire

/// An answer as a tree: for the operations that are called now and then. Records and events are
/// read without one.
indirect enum Document: Hashable {
    case map([String: Document])
    case list([Document])
    case text(String)
    case integer(Int64)
    case decimal(Double)
    case boolean(Bool)
    case bytes([UInt8])
    case milliseconds(Int64)
    case null

    /// Reads a whole answer; an empty one is a map without members.
    init(_ bytes: [UInt8], _ encoding: Encoding) throws(ClientError) {
        guard !bytes.isEmpty else {
            self = .map([:])
            return
        }
        var parser = DocumentParser(bytes.span, encoding)
        do throws(WireError) {
            self = try parser.document()
        } catch {
            throw .response("\(error.reason) at byte \(error.offset)")
        }
    }

    subscript(_ name: String) -> Document? {
        guard case .map(let members) = self, let value = members[name], value != .null else {
            return nil
        }
        return value
    }

    var text: String? {
        guard case .text(let text) = self else { return nil }
        return text
    }

    var integer: Int64? {
        guard case .integer(let number) = self else { return nil }
        return number
    }

    var elements: [Document] {
        guard case .list(let elements) = self else { return [] }
        return elements
    }

    /// A member that the protocol promises.
    func required(_ name: String) throws(ClientError) -> Document {
        guard let value = self[name] else { throw .response("\(name) is missing") }
        return value
    }

    func requiredText(_ name: String) throws(ClientError) -> String {
        guard let text = try required(name).text else { throw .response("\(name) is not a text") }
        return text
    }
}

/// Builds the tree; how deep it goes is bounded by the reader.
private struct DocumentParser: ~Escapable {
    var reader: TokenReader

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>, _ encoding: Encoding) {
        reader = TokenReader(bytes, encoding)
    }

    mutating func document() throws(WireError) -> Document {
        let value = try value(try reader.next())
        guard try reader.next() == .end else {
            throw WireError(offset: reader.offset, reason: .trailingBytes)
        }
        return value
    }

    private mutating func value(_ token: Token) throws(WireError) -> Document {
        switch token {
        case .beginMap:
            var members: [String: Document] = [:]
            while case .key(let key) = try reader.next() {
                members[string(key)] = try value(try reader.next())
            }
            return .map(members)
        case .beginList:
            var elements: [Document] = []
            while true {
                let token = try reader.next()
                if token == .endList { return .list(elements) }
                elements.append(try value(token))
            }
        case .text(let range): return .text(string(range))
        case .bytes(let range):
            var bytes: [UInt8] = []
            reader.append(range, to: &bytes)
            return .bytes(bytes)
        case .integer(let number): return .integer(number)
        case .decimal(let number): return .decimal(number)
        case .boolean(let value): return .boolean(value)
        case .timestamp(let milliseconds): return .milliseconds(milliseconds)
        case .null: return .null
        case .key, .endMap, .endList, .end:
            throw WireError(offset: reader.offset, reason: .unexpectedByte)
        }
    }

    private func string(_ range: StringRange) -> String {
        var bytes: [UInt8] = []
        reader.append(range, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}
