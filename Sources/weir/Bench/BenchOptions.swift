import ArgumentParser
import WeirClient

/// What the benches have in common.
struct BenchOptions: ParsableArguments {
    @OptionGroup var endpoint: EndpointOptions

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
}
