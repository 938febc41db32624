/// How a running server is reached, for those who tell people.
public struct ServerReach: Sendable, Hashable {
    /// The port on localhost.
    public var port: UInt16
    /// The authority that clients must trust, as a path from the data folder's; nil if the
    /// certificate is the user's own.
    public var authorityFile: String?
    /// The region of requests that name none.
    public var region: String

    public init(port: UInt16, authorityFile: String?, region: String) {
        self.port = port
        self.authorityFile = authorityFile
        self.region = region
    }
}
