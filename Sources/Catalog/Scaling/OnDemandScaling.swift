internal import Kinesis
internal import ShardLog
internal import Synchronization

/// When an on-demand stream gets another shard.
///
/// A shard that was written faster than either threshold on the average of a period is split in
/// the middle of its range. What was refused counts as well, so that a stream whose shards are held
/// to a rate still grows. AWS splits at about 500 KB/s, half of what a shard takes, and so do we.
public struct OnDemandScaling: Sendable, Hashable {
    /// Data and partition keys, bytes a second.
    public var bytesPerSecond = 512 << 10
    public var recordsPerSecond = 500
    /// The period, seconds.
    public var seconds = 60
    /// The most open shards that a stream is given.
    public var shards = 200

    public init() {}
}

/// What the shards of on-demand streams had taken when the period began, and who has to be split.
struct ScalingWatch: Sendable {
    fileprivate struct Mark {
        var bytes: UInt64
        var records: UInt64
    }

    /// A shard that was written too fast in the last period.
    struct Outgrown {
        var stream: UInt64
        var shard: ShardID
        var hashKey: UInt128
    }

    /// Nanoseconds of the monotonic clock.
    private var beganAt: UInt64?
    private var marks: [ShardNumber: Mark] = [:]
    /// Not split yet: a stream takes one change at a time.
    var outgrown: [Outgrown] = []

    /// Looks at the meters if the period is over.
    mutating func look(_ snapshot: CatalogSnapshot, now: UInt64, _ scaling: OnDemandScaling) {
        if let beganAt, now - beganAt < UInt64(scaling.seconds) * 1_000_000_000 { return }
        let seconds = beganAt.map { Double(now - $0) / 1e9 }
        let before = marks
        beganAt = now
        marks = [:]
        outgrown = []
        snapshot.visitStreams { stream in
            guard stream.mode == .onDemand else { return true }
            var room = scaling.shards - stream.open.count
            for position in 0..<stream.open.count {
                let shard = stream.open[position]
                let mark = Mark(shard.meter)
                marks[shard.number] = mark
                guard room > 0, let seconds, let earlier = before[shard.number],
                    mark.exceeds(scaling, since: earlier, seconds: seconds)
                else { continue }
                let range = shard.range
                let hashKey = range.start + (range.end - range.start) / 2 + 1
                outgrown.append(
                    Outgrown(stream: stream.id, shard: shard.id, hashKey: hashKey))
                room -= 1
            }
            return true
        }
    }
}

extension ScalingWatch.Mark {
    fileprivate init(_ meter: ShardMeter) {
        bytes =
            meter.incomingBytes.load(ordering: .relaxed)
            + meter.throttledBytes.load(ordering: .relaxed)
        records =
            meter.incomingRecords.load(ordering: .relaxed)
            + meter.writesThrottled.load(ordering: .relaxed)
    }

    fileprivate func exceeds(
        _ scaling: OnDemandScaling, since earlier: ScalingWatch.Mark, seconds: Double
    ) -> Bool {
        Double(bytes - earlier.bytes) / seconds > Double(scaling.bytesPerSecond)
            || Double(records - earlier.records) / seconds > Double(scaling.recordsPerSecond)
    }
}

extension Catalog {
    /// Splits the shards of on-demand streams that were written too fast in the last period, if
    /// the rules have it. Call it about once a second.
    ///
    /// The counts are those since the start, so a restart begins a new period.
    ///
    /// - Parameter now: Nanoseconds of the monotonic clock.
    public func scaleOnDemandStreams(now: UInt64) {
        guard let scaling = rules.scaling else { return }
        let due = scalingWatch.withLock { watch in
            watch.look(snapshot, now: now, scaling)
            let due = watch.outgrown
            watch.outgrown = []
            return due
        }
        var later: [ScalingWatch.Outgrown] = []
        for one in due {
            do throws(CatalogRefusal) {
                try perform(
                    .scaleUp(stream: one.stream, shard: one.shard, at: one.hashKey), waiter: nil)
            } catch {
                // Another change of the stream is under way, then it is its turn; otherwise the
                // shard or the stream has gone, a quota is used up, or the log takes no writes,
                // and the next period decides again.
                if case .streamNotActive = error { later.append(one) }
            }
        }
        if !later.isEmpty { scalingWatch.withLock { $0.outgrown += later } }
    }
}
