import ArgumentParser

/// `weir bench floor`: the limit that a fan-out is compared with.
struct BenchFloorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "floor",
        abstract: "Push constant frames over the same sockets and TLS, without HTTP or log.")

    @Option(help: "Subscribers.")
    var subscribers = 100

    @Option(help: "Bytes of data in a record.")
    var recordBytes = 1024

    @Option(help: "Records at most between the trigger and the slowest subscriber.")
    var window = 512

    @Option(help: "Seconds that are measured.")
    var duration: Double = 5

    @Option(help: "Seconds of the same load before that.")
    var warmUp: Double = 1

    @Flag(help: "One JSON object on standard output.")
    var json = false

    func validate() throws {
        guard (1...10_000).contains(subscribers), (64...1 << 20).contains(recordBytes), window > 0,
            duration > 0, warmUp >= 0, duration + warmUp <= 3600
        else { throw ValidationError("expected positive numbers; at most an hour.") }
    }

    func run() throws {
        let command = self
        try Foreground.run {
            let settings = Floor.Settings(
                subscribers: command.subscribers, recordBytes: command.recordBytes,
                window: command.window, warmUp: command.warmUp, duration: command.duration)
            let outcome = try await Floor.run(settings)
            Floor.report(outcome, settings).print(asJSON: command.json)
        }
    }
}

/// The process that `weir bench floor` measures.
struct BenchFloorServerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "floor-server", abstract: "The server of the floor.", shouldDisplay: false)

    @Option(help: "Bytes of data in a record.")
    var recordBytes = 1024

    func run() throws { try FloorServer.run(recordBytes: recordBytes) }
}
