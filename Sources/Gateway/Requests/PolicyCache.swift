import Access

/// Resource policies as they were read from their texts, so that a request to a shared stream does
/// not read one again. Each reactor has its own.
final class PolicyCache {
    private var policies: [String: ResourcePolicy] = [:]
    private static let limit = 256

    /// The policy of a text that was checked before it was stored. One that cannot be read all the
    /// same, because an earlier version took it, lets nobody in.
    func policy(_ text: String) -> ResourcePolicy {
        if let known = policies[text] { return known }
        let policy = (try? ResourcePolicy(text)) ?? ResourcePolicy()
        if policies.count >= Self.limit { policies.removeAll() }
        policies[text] = policy
        return policy
    }
}
