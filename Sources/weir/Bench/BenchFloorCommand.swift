import ArgumentParser
import Bench
import System

/// `weir bench floor`: the limit that a fan-out is compared with.
struct BenchFloorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "floor",
        abstract: "Push the same bytes with plain SSL_write, without HTTP or log.",
        discussion: """
            A producer sends whole records to a server of one thread, which sends them to every \
            subscriber. With --port another server that speaks so is measured: the first byte of a \
            connection is P for the producer or S for a subscriber, which is answered by an empty \
            frame; a frame is a length of four bytes, lowest first, and so many bytes.
            """)

    @Option(help: "Subscribers.")
    var subscribers = 100

    @Option(help: "Bytes of data in a record.")
    var recordBytes = 1024

    @Option(
        help: """
            Bytes that a record takes on its way (default: what a subscriber of Weir gets for \
            --record-bytes with ten records in an event).
            """)
    var frameBytes: Int?

    @Option(help: "Records a second, due whatever happens; 0: a closed loop.")
    var rate: Double = 0

    @Option(help: "Records at most between the producer and the slowest subscriber.")
    var window = 512

    @Option(help: "Seconds that are measured.")
    var duration: Double = 5

    @Option(help: "Seconds of the same load before that.")
    var warmUp: Double = 1

    @Option(
        help: ArgumentHelp(
            "Port of another floor server on this machine, as localhost.", valueName: "port"))
    var port: UInt16?

    @Option(
        help: ArgumentHelp(
            "PEM file with the authority of that server's certificate.", valueName: "file"))
    var caFile: String?

    @Option(help: ArgumentHelp("Process of that server, whose CPU is measured.", valueName: "pid"))
    var serverPid: Int32?

    @Flag(help: "One JSON object on standard output.")
    var json = false

    func validate() throws {
        guard (1...10_000).contains(subscribers), (64...1 << 20).contains(recordBytes), window > 0,
            (64...1 << 19).contains(frameBytes ?? 64), rate >= 0, duration > 0, warmUp >= 0,
            duration + warmUp <= 3600
        else { throw ValidationError("expected positive numbers; at most an hour.") }
        guard window * (frameBytes ?? 2 * recordBytes) < Floor.mostBytesUnderWay else {
            throw ValidationError("--window: more than the floor keeps for its subscribers.")
        }
        guard (port == nil) == (caFile == nil), port != nil || serverPid == nil else {
            throw ValidationError("--port, --ca-file and --server-pid go together.")
        }
    }

    func run() throws {
        let command = self
        try Foreground.run {
            let settings = try command.settings()
            try await Floor.measure(settings).print(asJSON: command.json)
        }
    }

    private func settings() throws -> Floor.Settings {
        var settings = Floor.Settings(
            subscribers: subscribers, frameBytes: frameBytes, recordBytes: recordBytes, rate: rate,
            warmUp: warmUp, duration: duration)
        settings.window = window
        if let port, let caFile {
            do throws(SystemError) {
                let trust = try WholeFile.bytes(caFile, limit: 1 << 20)
                settings.server = Floor.Running(port: port, trust: trust, pid: serverPid)
            } catch {
                throw BenchFailure("\(caFile): \(error)")
            }
        }
        return settings
    }
}

/// The process that `weir bench floor` measures.
struct BenchFloorServerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "floor-server", abstract: "The server of the floor.", shouldDisplay: false)

    func run() throws { try FloorServer.run() }
}
