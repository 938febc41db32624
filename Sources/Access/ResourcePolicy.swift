/// A policy on a stream or consumer that says which accounts may do what with it: the part of the
/// IAM policy language that such policies can use.
///
/// A statement that allows something under a condition never allows, and one that denies something
/// under a condition always denies: conditions are kept as they were written and not evaluated, so
/// that nobody gets in by one. A caller is known by the account only, so a principal that names a user
/// or role stands for the account.
public struct ResourcePolicy: Sendable, Hashable {
    /// What a policy is on, which decides which actions it can speak of.
    public enum Kind: Sendable, Hashable {
        case stream
        case consumer

        /// The actions that other accounts can be let do ("Sharing your data stream with another
        /// account", Developer Guide).
        public var shareableActions: [String] {
            switch self {
            case .stream:
                [
                    "kinesis:DescribeStream", "kinesis:DescribeStreamSummary",
                    "kinesis:ListShards", "kinesis:PutRecord", "kinesis:PutRecords",
                    "kinesis:GetRecords", "kinesis:GetShardIterator",
                ]
            case .consumer: ["kinesis:DescribeStreamConsumer", "kinesis:SubscribeToShard"]
            }
        }
    }

    /// What a policy says about an action.
    public enum Verdict: Sendable, Hashable {
        case allowed
        case denied
        /// Nothing, which lets the owner in and nobody else.
        case silent
    }

    /// Why a text is no policy that can be put.
    public struct Fault: Error, Sendable, Hashable, CustomStringConvertible {
        public let description: String

        init(_ description: String) {
            self.description = description
        }
    }

    struct Statement: Sendable, Hashable {
        var allows: Bool
        var principals: Principals
        /// Patterns with `*` and `?`.
        var actions: [String]
        var resources: [String]
        var isConditional: Bool
    }

    enum Principals: Sendable, Hashable {
        case everybody
        /// Accounts of twelve digits.
        case accounts(Set<String>)
    }

    let statements: [Statement]

    /// A policy that says nothing.
    public init() {
        statements = []
    }

    /// Reads a policy; throws what is wrong with it.
    public init(_ text: String) throws(Fault) {
        var parser = ResourcePolicyParser(text.utf8.span)
        statements = try parser.policy()
    }

    /// Refuses a policy that speaks of other resources than the one it is put on, or of actions that
    /// cannot be shared.
    public func check(resource: String, kind: Kind) throws(Fault) {
        for statement in statements {
            for pattern in statement.resources where !matches(pattern, resource) {
                throw Fault("Resource \(pattern) is not the resource of the policy, \(resource)")
            }
            for pattern in statement.actions
            where !kind.shareableActions.contains(where: { matches(pattern, $0) }) {
                throw Fault(
                    "Action \(pattern) is not supported; supported are "
                        + kind.shareableActions.joined(separator: ", "))
            }
        }
    }

    /// What the policy says about an account that wants to do something, such as
    /// `kinesis:PutRecord`. One statement that denies outweighs all that allow.
    ///
    /// Whatever a pattern such as `kinesis:*` matches, it speaks only of the actions that can be
    /// shared: no account is let delete another's stream, and no owner is locked out of the policy.
    public func verdict(
        account: String, action: String, resource: String, kind: Kind
    ) -> Verdict {
        guard kind.shareableActions.contains(action) else { return .silent }
        var isAllowed = false
        for statement in statements {
            guard statement.names(account),
                statement.actions.contains(where: { matches($0, action) }),
                statement.resources.contains(where: { matches($0, resource) })
            else { continue }
            if !statement.allows { return .denied }
            if !statement.isConditional { isAllowed = true }
        }
        return isAllowed ? .allowed : .silent
    }
}

extension ResourcePolicy.Statement {
    fileprivate func names(_ account: String) -> Bool {
        switch principals {
        case .everybody: true
        case .accounts(let accounts): accounts.contains(account)
        }
    }
}

/// Whether a pattern of the policy language matches a text: `*` stands for any characters, `?` for
/// one. Linear in the text for each `*`.
func matches(_ pattern: String, _ text: String) -> Bool {
    let pattern = Array(pattern.utf8)
    let text = Array(text.utf8)
    var p = 0
    var t = 0
    var star: (pattern: Int, text: Int)?
    while t < text.count {
        if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
            star = (p, t)
            p += 1
        } else if p < pattern.count, pattern[p] == UInt8(ascii: "?") || pattern[p] == text[t] {
            p += 1
            t += 1
        } else if let last = star {
            p = last.pattern + 1
            t = last.text + 1
            star = (last.pattern, t)
        } else {
            return false
        }
    }
    while p < pattern.count, pattern[p] == UInt8(ascii: "*") { p += 1 }
    return p == pattern.count
}
