public import Wire

/// Where a client's server is, whom it trusts, and how it behaves.
public struct ClientConfiguration: Sendable {
    public var endpoint: Endpoint
    /// PEM certificates of which one must have issued the server's; nil trusts the system's.
    public var trustedCertificates: [UInt8]?
    /// The region that requests are for; nil leaves it to the server.
    public var region: String?
    /// The id of an access key, 1 to 128 visible ASCII characters other than `/` and `,`: one of
    /// twelve digits is the account whose streams are meant; nil leaves that to the server.
    public var accessKeyID: String?
    /// How requests and answers are written; subscriptions are JSON whatever this is.
    public var encoding = Encoding.json
    public var retry = RetryPolicy()
    /// How long one attempt of a call may take, waiting for a connection included, beside the time
    /// that its body needs at 64 KiB a second; then it counts as lost. Subscriptions have no such
    /// bound: the server lets itself be heard every five seconds.
    public var callSeconds = 60.0
    /// Bytes of a subscription that may be on their way or wait for its reader, 65,535 to 2^31 − 1.
    /// What waits exceeds it by at most one event, which the protocol bounds at 24 MiB.
    public var subscriptionWindowBytes: Int32 = 512 << 10

    public init(endpoint: Endpoint = .standard, trustedCertificates: [UInt8]? = nil) {
        self.endpoint = endpoint
        self.trustedCertificates = trustedCertificates
    }

    /// A configuration from what the caller says, else from the environment, else the standard one.
    ///
    /// The endpoint is `AWS_ENDPOINT_URL_KINESIS` or `AWS_ENDPOINT_URL`, else
    /// `https://localhost:4567`. The certificates are in the file `AWS_CA_BUNDLE` and, for a server
    /// on this machine, in `weir-data/tls/ca.pem` if it is there; if there is neither, they are the
    /// system's. The region is `AWS_REGION` or `AWS_DEFAULT_REGION`, else the server's choice; the
    /// access key's id is `AWS_ACCESS_KEY_ID`.
    public static func resolved(
        endpointURL: String? = nil, certificateFile: String? = nil, region: String? = nil
    ) throws(ClientError) -> ClientConfiguration {
        try resolved(
            endpointURL: endpointURL, certificateFile: certificateFile, region: region,
            in: ProcessSurroundings())
    }

    static func resolved(
        endpointURL: String?, certificateFile: String?, region: String?,
        in surroundings: some Surroundings
    ) throws(ClientError) -> ClientConfiguration {
        func variable(_ name: String) -> String? {
            let value = surroundings.variable(name)
            return value == "" ? nil : value
        }
        var configuration = ClientConfiguration()
        let url =
            endpointURL ?? variable("AWS_ENDPOINT_URL_KINESIS") ?? variable("AWS_ENDPOINT_URL")
        if let url {
            guard let endpoint = Endpoint(url) else {
                throw .configuration("\"\(url)\" is not an endpoint; expected https://HOST:PORT")
            }
            configuration.endpoint = endpoint
        }
        if let file = certificateFile {
            configuration.trustedCertificates = try surroundings.contents(
                of: file, limit: Limits.certificateBytes)
        } else {
            if let file = variable("AWS_CA_BUNDLE") {
                configuration.trustedCertificates = try surroundings.contents(
                    of: file, limit: Limits.certificateBytes)
            }
            // A bundle that somebody has for other servers does not know this one. The absence of
            // the file, or one that cannot be read, leaves what there is.
            if configuration.endpoint.isLocal,
                let own = try? surroundings.contents(
                    of: "weir-data/tls/ca.pem", limit: Limits.certificateBytes)
            {
                let others = configuration.trustedCertificates.map { $0 + [0x0A] } ?? []
                configuration.trustedCertificates = others + own
            }
        }
        configuration.region = region ?? variable("AWS_REGION") ?? variable("AWS_DEFAULT_REGION")
        if let id = variable("AWS_ACCESS_KEY_ID") {
            guard isAccessKeyID(id) else {
                throw .configuration(
                    "AWS_ACCESS_KEY_ID: expected 1 to 128 letters, digits or signs other than "
                        + "/ and ,")
            }
            configuration.accessKeyID = id
        }
        return configuration
    }

    private static func isAccessKeyID(_ text: String) -> Bool {
        text.utf8.count <= 128
            && text.utf8.allSatisfy { byte in
                (0x21...0x7E).contains(byte) && byte != UInt8(ascii: "/")
                    && byte != UInt8(ascii: ",")
            }
    }
}
