/// Who makes a request, and where they believe to make it.
public struct Caller: Sendable, Hashable {
    /// The account whose streams the request is about: twelve digits.
    public var account: String
    /// The region that the request was signed for, or the server's own if it names none.
    public var region: String
    /// The id of the key that signed the request, or nil if nothing was signed.
    public var accessKeyID: String?
    /// Whether the request carried credentials at all, well-formed or not.
    public var hasCredentials: Bool

    /// The caller with the given account and region.
    public init(
        account: String, region: String, accessKeyID: String? = nil, hasCredentials: Bool = false
    ) {
        self.account = account
        self.region = region
        self.accessKeyID = accessKeyID
        self.hasCredentials = hasCredentials
    }
}
