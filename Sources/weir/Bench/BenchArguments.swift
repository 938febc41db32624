import ArgumentParser
import Bench

/// What the benches have in common.
struct BenchArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            A server that runs already, https://HOST:PORT. Only this option names one: without it \
            the bench starts a server of its own, whatever the environment says.
            """, valueName: "url"))
    var endpointURL: String?

    @Option(
        help: ArgumentHelp(
            """
            PEM file with the authority that the named server's certificate is from (default: \
            weir-data/tls/ca.pem for one on this machine, else the system's).
            """, valueName: "file"))
    var caFile: String?

    @Option(help: "Region of the streams (default: the server's).")
    var region: String?

    @Option(help: "Seconds that are measured.")
    var duration: Double = 5

    @Option(help: "Seconds of the same load before that.")
    var warmUp: Double = 1

    @Option(help: "Bytes of data in a record.")
    var recordBytes = 1024

    @Option(help: "Shards of the stream.")
    var shards = 1

    @Option(
        help: ArgumentHelp(
            """
            Folder in which the disk is measured: the server's, or that in which a server of the \
            bench's own keeps its data (default then: the present one).
            """, valueName: "folder"))
    var data: String?

    @Option(
        help: ArgumentHelp(
            "Process whose CPU is measured, if the bench did not start the server.",
            valueName: "pid"))
    var serverPid: Int32?

    @Option(help: "Durability of a server of the bench's own.")
    var durability = "commit"

    @Option(help: "Reactors of a server of the bench's own (default: the server's).")
    var reactors: Int?

    @Flag(help: "One JSON object on standard output.")
    var json = false

    func validate() throws {
        guard endpointURL != nil || caFile == nil && serverPid == nil else {
            throw ValidationError("--ca-file and --server-pid are of a server that is named.")
        }
        guard duration > 0, warmUp >= 0, duration + warmUp <= 3600 else {
            throw ValidationError("--duration and --warm-up: expected at most an hour together.")
        }
        guard (64...1 << 20).contains(recordBytes) else {
            throw ValidationError("--record-bytes: expected 64 to 1048576.")
        }
        guard (1...4096).contains(shards) else {
            throw ValidationError("--shards: expected 1 to 4096.")
        }
    }
    /// As the runs take them.
    var options: BenchOptions {
        var options = BenchOptions()
        options.endpointURL = endpointURL
        options.caFile = caFile
        options.region = region
        options.duration = duration
        options.warmUp = warmUp
        options.recordBytes = recordBytes
        options.shards = shards
        options.dataFolder = data
        options.serverPid = serverPid
        options.durability = durability
        options.reactors = reactors
        return options
    }
}
