internal import Wire

/// Reads the JSON of a resource policy.
struct ResourcePolicyParser: ~Escapable {
    private var reader: TokenReader

    /// A policy has no need of more.
    private static let statementsMaximum = 100

    @_lifetime(copy text)
    init(_ text: Span<UInt8>) {
        reader = TokenReader(text, .json)
    }

    mutating func policy() throws(ResourcePolicy.Fault) -> [ResourcePolicy.Statement] {
        guard try next() == .beginMap else { throw fault("The policy is not a JSON object") }
        var statements: [ResourcePolicy.Statement]?
        while case .key(let key) = try next() {
            switch string(key) {
            case "Version":
                let version = try text("Version")
                guard version == "2012-10-17" || version == "2008-10-17" else {
                    throw fault("Version \(version) is not 2012-10-17 or 2008-10-17")
                }
            case "Id": _ = try text("Id")
            case "Statement": statements = try statementList()
            case let other: throw fault("The policy has an unknown element \(other)")
            }
        }
        guard try next() == .end else { throw fault("Something stands behind the policy") }
        guard let statements, !statements.isEmpty else { throw fault("Statement is missing") }
        return statements
    }

    /// One statement, or a list of them.
    private mutating func statementList() throws(ResourcePolicy.Fault) -> [ResourcePolicy.Statement]
    {
        switch try next() {
        case .beginMap: return [try statement()]
        case .beginList:
            var statements: [ResourcePolicy.Statement] = []
            while true {
                switch try next() {
                case .endList: return statements
                case .beginMap: statements.append(try statement())
                default: throw fault("A statement is not a JSON object")
                }
                guard statements.count <= Self.statementsMaximum else {
                    throw fault("There are more than \(Self.statementsMaximum) statements")
                }
            }
        default: throw fault("Statement is neither an object nor a list")
        }
    }

    private mutating func statement() throws(ResourcePolicy.Fault) -> ResourcePolicy.Statement {
        var allows: Bool?
        var principals: ResourcePolicy.Principals?
        var actions: [String] = []
        var resources: [String] = []
        var isConditional = false
        while case .key(let key) = try next() {
            switch string(key) {
            case "Sid": _ = try text("Sid")
            case "Effect":
                switch try text("Effect") {
                case "Allow": allows = true
                case "Deny": allows = false
                case let other: throw fault("Effect \(other) is neither Allow nor Deny")
                }
            case "Principal": principals = try principal()
            case "Action": actions = try texts("Action")
            case "Resource": resources = try texts("Resource")
            case "Condition":
                let token = try next()
                guard token == .beginMap else { throw fault("Condition is not a JSON object") }
                try skip(token)
                isConditional = true
            case let other: throw fault("A statement has an unsupported element \(other)")
            }
        }
        guard let allows else { throw fault("A statement has no Effect") }
        guard let principals else { throw fault("A statement has no Principal") }
        guard !actions.isEmpty else { throw fault("A statement has no Action") }
        guard !resources.isEmpty else { throw fault("A statement has no Resource") }
        return ResourcePolicy.Statement(
            allows: allows, principals: principals, actions: actions, resources: resources,
            isConditional: isConditional)
    }

    /// `"*"`, or `{"AWS": …}` with accounts, ARNs of theirs, or `"*"`.
    private mutating func principal() throws(ResourcePolicy.Fault) -> ResourcePolicy.Principals {
        switch try next() {
        case .text(let range):
            guard string(range) == "*" else {
                throw fault("Principal \(string(range)) is neither * nor an object")
            }
            return .everybody
        case .beginMap: break
        default: throw fault("Principal is neither * nor an object")
        }
        var accounts: Set<String> = []
        var isEverybody = false
        while case .key(let key) = try next() {
            guard string(key) == "AWS" else {
                throw fault("Principal of type \(string(key)) is not supported")
            }
            for name in try texts("Principal") {
                if name == "*" {
                    isEverybody = true
                } else {
                    accounts.insert(try account(of: name))
                }
            }
        }
        guard isEverybody || !accounts.isEmpty else { throw fault("Principal names nobody") }
        return isEverybody ? .everybody : .accounts(accounts)
    }

    /// The account of `123456789012` or `arn:aws:iam::123456789012:root`, or of a user or role.
    private func account(of name: String) throws(ResourcePolicy.Fault) -> String {
        if Self.isAccount(name) { return name }
        let parts = name.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0] == "arn", parts[1].hasPrefix("aws"),
            parts[2] == "iam" || parts[2] == "sts", parts[3].isEmpty,
            Self.isAccount(String(parts[4])), !parts[5].isEmpty
        else { throw fault("Principal \(name) is neither an account nor an ARN of one") }
        return String(parts[4])
    }

    private static func isAccount(_ text: String) -> Bool {
        text.utf8.count == 12
            && text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    // MARK: Values

    private mutating func text(_ name: String) throws(ResourcePolicy.Fault) -> String {
        guard case .text(let range) = try next() else { throw fault("\(name) is not a text") }
        return string(range)
    }

    /// A text, or a list of them.
    private mutating func texts(_ name: String) throws(ResourcePolicy.Fault) -> [String] {
        switch try next() {
        case .text(let range): return [string(range)]
        case .beginList:
            var texts: [String] = []
            while true {
                switch try next() {
                case .endList: return texts
                case .text(let range): texts.append(string(range))
                default: throw fault("\(name) is neither a text nor a list of them")
                }
            }
        default: throw fault("\(name) is neither a text nor a list of them")
        }
    }

    private mutating func next() throws(ResourcePolicy.Fault) -> Token {
        do throws(WireError) {
            return try reader.next()
        } catch {
            throw fault("The policy is not valid JSON at byte \(error.offset)")
        }
    }

    private mutating func skip(_ token: Token) throws(ResourcePolicy.Fault) {
        do throws(WireError) {
            try reader.skip(token)
        } catch {
            throw fault("The policy is not valid JSON at byte \(error.offset)")
        }
    }

    private func fault(_ text: String) -> ResourcePolicy.Fault { ResourcePolicy.Fault(text) }

    private func string(_ range: StringRange) -> String {
        var bytes: [UInt8] = []
        reader.append(range, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}
