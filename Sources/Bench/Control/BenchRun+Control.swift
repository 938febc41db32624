import Kinesis
import WeirClient

/// How a control bench fills the catalog.
public struct ControlSettings: Sendable {
    /// Streams in the catalog while operations are timed; half of them are changed.
    public var streams: Int
    /// Shards of each.
    public var shardsEach: Int
    /// Shards of the one stream whose shards are listed page by page.
    public var largest: Int
    /// Calls without an answer at most.
    public var inFlight: Int

    public init(streams: Int, shardsEach: Int, largest: Int, inFlight: Int) {
        self.streams = streams
        self.shardsEach = shardsEach
        self.largest = largest
        self.inFlight = inFlight
    }
}

extension BenchRun {
    /// Fills the catalog, times every kind of control call in it, and a start with it.
    public func control(_ settings: ControlSettings) async throws -> BenchReport {
        var probe = probeDisk()
        let names = ControlNames(settings)
        let outcome: ControlOutcome
        do {
            try await run([names.creations], settings)
            let arn = try await client.describe(names.streams[0]).arn
            outcome = try await run(names.changes(arn, settings), settings)
        } catch {
            // Nothing is left on somebody's server. The first error is the one to tell.
            if !server.isOwn { _ = try? await run([names.deletions], settings, isCleaning: true) }
            throw error
        }
        probeAgain(&probe)
        var seconds: Double?
        if server.isOwn {
            seconds = try server.endAndTimeStart()
        } else {
            try await run([names.deletions], settings)
        }
        return report(outcome, settings, probe, startSeconds: seconds)
    }

    @discardableResult
    private func run(
        _ phases: [[ControlPlan.Call]], _ settings: ControlSettings, isCleaning: Bool = false
    ) async throws -> ControlOutcome {
        let plan = ControlPlan(
            phases: phases, inFlight: settings.inFlight, passesOverRefusals: isCleaning,
            region: options.region, server: server.pid)
        let outcome: ControlOutcome = try await LoadThread.run(server.configuration) {
            ControlLoad($0, plan, finish: $1)
        }
        if let failure = outcome.failure { throw BenchFailure(failure) }
        return outcome
    }

    private func report(
        _ outcome: ControlOutcome, _ settings: ControlSettings, _ probe: DiskProbe?,
        startSeconds: Double?
    ) -> BenchReport {
        var report = BenchReport("control")
        report.line(
            "load",
            "\(settings.streams) streams of \(settings.shardsEach) shards and one of "
                + "\(settings.largest), \(settings.inFlight) calls in flight")
        report.number("calls", Double(outcome.all.count), "calls")
        report.times("all", outcome.all, "all calls")
        for title in outcome.titles {
            guard let times = outcome.latencies[title] else { continue }
            report.times(title, times, title)
        }
        report.cpu(
            outcome.cpu, per: outcome.all.count, "call", seconds: outcome.seconds)
        if let startSeconds {
            report.number("start_ms", startSeconds * 1000, "exec to ready", unit: "ms")
        }
        report.disk(probe, durability: server.durability)
        return report
    }
}

/// The streams of a control bench, and the calls about them.
private struct ControlNames {
    let streams: [String]
    let large: String
    private let settings: ControlSettings

    init(_ settings: ControlSettings) {
        self.settings = settings
        let run = "weir-bench-" + String(UInt64.random(in: 0...UInt64.max), radix: 36)
        streams = (0..<settings.streams).map { "\(run)-\($0)" }
        large = "\(run)-large"
    }

    typealias Call = ControlPlan.Call

    var creations: [Call] {
        streams.map { Call(.createStream, create($0, settings.shardsEach)) }
    }

    var deletions: [Call] {
        (streams + [large]).map {
            Call(.deleteStream, #"{"StreamName":"\#($0)","EnforceConsumerDeletion":true}"#)
        }
    }

    private func create(_ name: String, _ shards: Int) -> String {
        #"{"StreamName":"\#(name)","ShardCount":\#(shards)}"#
    }

    /// Every kind of call, about each second stream; at the end there are as many as before.
    func changes(_ arn: StreamARN, _ settings: ControlSettings) -> [[Call]] {
        let chosen = stride(from: 0, to: streams.count, by: 2).map { streams[$0] }
        let prefix = String(arn.description.dropLast(arn.name.utf8.count))
        func named(_ operation: KinesisOperation, _ more: String = "") -> [Call] {
            chosen.map { Call(operation, #"{"StreamName":"\#($0)"\#(more)}"#) }
        }
        func resource(_ operation: KinesisOperation, _ member: String, _ more: String = "")
            -> [Call]
        {
            chosen.map { Call(operation, #"{"\#(member)":"\#(prefix)\#($0)"\#(more)}"#) }
        }
        let consumer = #","ConsumerName":"bench""#
        let metrics = #","ShardLevelMetrics":["ALL"]"#
        let middle = String(UInt128.max / UInt128(settings.shardsEach) / 2)
        var phases: [[Call]] = [
            named(.describeStreamSummary), named(.describeStream), named(.listShards),
            chosen.map {
                Call(.listStreams, #"{"Limit":100,"ExclusiveStartStreamName":"\#($0)"}"#)
            },
            named(.addTagsToStream, #","Tags":{"bench":"yes"}"#), named(.listTagsForStream),
            named(.removeTagsFromStream, #","TagKeys":["bench"]"#),
            named(.increaseStreamRetentionPeriod, #","RetentionPeriodHours":48"#),
            named(.decreaseStreamRetentionPeriod, #","RetentionPeriodHours":24"#),
            named(.enableEnhancedMonitoring, metrics), named(.disableEnhancedMonitoring, metrics),
            resource(.registerStreamConsumer, "StreamARN", consumer),
            resource(.describeStreamConsumer, "StreamARN", consumer),
            resource(.listStreamConsumers, "StreamARN"),
            resource(.deregisterStreamConsumer, "StreamARN", consumer),
            resource(.updateMaxRecordSize, "StreamARN", #","MaxRecordSizeInKiB":2048"#),
            named(
                .splitShard,
                #","ShardToSplit":"shardId-000000000000","NewStartingHashKey":"\#(middle)""#),
            named(
                .updateShardCount,
                #","TargetShardCount":\#(settings.shardsEach),"ScalingType":"UNIFORM_SCALING""#),
            resource(
                .updateStreamMode, "StreamARN",
                #","StreamModeDetails":{"StreamMode":"ON_DEMAND"}"#),
            chosen.map { _ in Call(.describeLimits, "{}") },
        ]
        phases.append(
            chosen.map { Call(.deleteStream, #"{"StreamName":"\#($0)"}"#) })
        phases.append(chosen.map { Call(.createStream, create($0, settings.shardsEach)) })
        phases.append([Call(.createStream, create(large, settings.largest), title: "large")])
        phases.append(pages)
        return phases
    }

    /// The shards of the large stream, a thousand at a time, 20 times over.
    private var pages: [Call] {
        let starts = stride(from: 0, to: settings.largest, by: 1000)
        return (0..<20).flatMap { _ in
            starts.map { start in
                let behind = ShardID(index: UInt32(max(0, start - 1))).description
                let more = start == 0 ? "" : #","ExclusiveStartShardId":"\#(behind)""#
                return Call(
                    .listShards, #"{"StreamName":"\#(large)"\#(more)}"#, title: "page of 1000")
            }
        }
    }
}
