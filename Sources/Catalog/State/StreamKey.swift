/// What names a stream: names are unique per account and region.
public struct StreamKey: Sendable, Hashable {
    /// Twelve digits.
    public var account: String
    public var region: String
    public var name: String

    public init(account: String, region: String, name: String) {
        self.account = account
        self.region = region
        self.name = name
    }
}

/// An account in a region: the streams of one do not see those of another.
struct AccountRegion: Sendable, Hashable {
    var account: String
    var region: String

    init(account: String, region: String) {
        self.account = account
        self.region = region
    }

    init(_ key: StreamKey) {
        self.init(account: key.account, region: key.region)
    }
}
