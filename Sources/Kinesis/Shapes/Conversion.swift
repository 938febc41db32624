import Wire

/// The texts of SerializationException: a value of one kind where the model wants another.
///
/// AWS writes "an" before every type but Blob, and a full stop behind structures only.
enum Conversion {
    static let listFound = "Start of list found where not expected"
    static let mapFound = "Start of structure or map found where not expected."

    /// Why the value that `token` begins cannot become a member of `kind`; a text's own value does
    /// not matter here.
    static func refusal(of token: Token, to kind: Member.Kind) -> String {
        switch (kind, token) {
        case (_, .beginList): return listFound
        case (_, .beginMap): return mapFound
        case (.list, _), (.texts, _): return "Expected list or null"
        case (.map, _): return "Expected map or null"
        case (.structure, _): return "Expected null"
        default: return "\(className(of: token)) can not be converted to \(target(kind))"
        }
    }

    static func booleanRefusal(_ value: String) -> String {
        "'\(value.uppercased())' can not be converted to \(target(.boolean))"
    }

    static func blobRefusal(_ value: String, _ fault: Base64.Fault) -> String {
        let reason =
            switch fault {
            case .lengthNotMultipleOfFour(let count):
                "Base64 encoded length is expected a multiple of 4 bytes but found: \(count)"
            case .invalidCharacter(let offset):
                "Invalid Base64 character: '\(character(in: value, atByte: offset))'"
            case .invalidLastCharacter:
                // AWS's spelling.
                "Invalid last non-pad Base64 character dectected"
            }
        return "'\(quotable(value))' can not be converted to \(target(.blob)): \(reason)"
    }

    private static func target(_ kind: Member.Kind) -> String {
        switch kind {
        case .text: "an String"
        case .blob: "a Blob"
        case .integer: "an Integer"
        case .long: "an Long"
        case .boolean: "an Boolean"
        case .timestamp: "milliseconds since epoch"
        case .structure, .list, .texts, .map:
            preconditionFailure("collections have texts of their own")
        }
    }

    private static func className(of token: Token) -> String {
        switch token {
        case .text: "class java.lang.String"
        case .boolean: "class java.lang.Boolean"
        case .bytes: "class java.nio.HeapByteBuffer"
        default: "class com.amazon.coral.value.json.numbers.TruncatingBigNumber"
        }
    }

    private static func character(in value: String, atByte offset: Int) -> Character {
        let index = value.utf8.index(value.startIndex, offsetBy: offset)
        return index < value.endIndex ? value[index] : " "
    }
}

/// A value as an error text quotes it: cut where it would make the error itself a burden.
func quotable(_ value: String) -> String {
    guard value.utf8.count > Limits.quotedBytes else { return value }
    var cut = value.utf8.index(value.startIndex, offsetBy: Limits.quotedBytes)
    while UTF8.isContinuation(value.utf8[cut]) { cut = value.utf8.index(before: cut) }
    return String(value[..<cut])
}
