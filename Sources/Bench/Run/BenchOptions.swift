/// What the runs of a bench have in common: the server, the stream, and how long is measured.
public struct BenchOptions: Sendable {
    /// A server that runs already, `https://HOST:PORT`; nil starts one that the run ends.
    public var endpointURL: String?
    /// PEM file with the authority that the named server's certificate is from. Nil: for a server
    /// on this machine `weir-data/tls/ca.pem`, else what the system trusts.
    public var caFile: String?
    /// Region of the streams; nil is the server's.
    public var region: String?
    /// Seconds of the load that are measured, above 0.
    public var duration = 5.0
    /// Seconds of the same load before that.
    public var warmUp = 1.0
    /// Bytes of data in a record, 64 to 1,048,576.
    public var recordBytes = 1024
    /// Shards of the stream.
    public var shards = 1
    /// Folder in which the disk is measured: the named server's, or that in which a server of the
    /// run's own makes its data folder, nil being the present one.
    public var dataFolder: String?
    /// Process of the named server, whose processor time and memory are measured.
    public var serverPid: Int32?
    /// Durability and reactors of a server of the run's own; nil reactors are the server's default.
    public var durability = "commit"
    public var reactors: Int?

    public init() {}
}
