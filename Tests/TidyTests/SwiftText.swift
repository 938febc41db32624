/// A line of Swift without its comments and without what stands inside its string literals.
///
/// Enough of a lexer to look for words: line comments, block comments over several lines, and
/// string literals of one and of several lines. A raw string's hashes stay in the code.
struct SwiftText {
    private(set) var code: [String] = []

    private enum State {
        case code
        case blockComment
        case string
        case longString
    }

    init(_ text: String) {
        var state = State.code
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if state == .string { state = .code }
            code.append(Self.strip(line, &state))
        }
    }

    private static func strip(_ line: Substring, _ state: inout State) -> String {
        var kept = ""
        var rest = line
        while let next = rest.first {
            switch state {
            case .code:
                if rest.hasPrefix("//") { return kept }
                if rest.hasPrefix("/*") {
                    state = .blockComment
                    rest = rest.dropFirst(2)
                } else if rest.hasPrefix("\"\"\"") {
                    state = .longString
                    rest = rest.dropFirst(3)
                } else if next == "\"" {
                    state = .string
                    rest = rest.dropFirst()
                } else {
                    kept.append(next)
                    rest = rest.dropFirst()
                }
            case .blockComment:
                if rest.hasPrefix("*/") {
                    state = .code
                    rest = rest.dropFirst(2)
                } else {
                    rest = rest.dropFirst()
                }
            case .string:
                if next == "\\" {
                    rest = rest.dropFirst(2)
                } else {
                    if next == "\"" { state = .code }
                    rest = rest.dropFirst()
                }
            case .longString:
                if rest.hasPrefix("\"\"\"") {
                    state = .code
                    rest = rest.dropFirst(3)
                } else {
                    rest = rest.dropFirst()
                }
            }
        }
        return kept
    }
}
