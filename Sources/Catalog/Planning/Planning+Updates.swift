internal import Kinesis
internal import ShardLog

// Changes of what a stream is set to. Each case's rules are in its function.

extension CatalogState {
    func plan(
        _ update: StreamUpdate, of key: StreamKey, at second: UInt64, on clock: RetentionClock,
        under rules: CatalogRules
    ) throws(CatalogRefusal) -> Plan {
        let stream = try findActive(key)
        switch update {
        case .increaseRetention(let hours):
            guard hours >= stream.retentionHours else {
                throw .retentionShorter(key, requested: hours, existing: stream.retentionHours)
            }
            return configure(stream, retention(hours, of: stream, on: clock), at: second)
        case .decreaseRetention(let hours):
            guard hours <= stream.retentionHours else {
                throw .retentionLonger(key, requested: hours, existing: stream.retentionHours)
            }
            return configure(stream, retention(hours, of: stream, on: clock), at: second)
        case .tag(let tags):
            let all = stream.tags.adding(tags)
            guard all.count <= CatalogLimits.tagsPerResource else {
                throw .tooManyTags(.stream(key), limit: CatalogLimits.tagsPerResource)
            }
            return configure(stream, .tags(all), at: second)
        case .untag(let keys):
            return configure(stream, .tags(stream.tags.removing(keys)), at: second)
        case .enableMetrics(let metrics):
            return change(stream, to: stream.metrics.union(metrics), at: second)
        case .disableMetrics(let metrics):
            return change(stream, to: stream.metrics.subtracting(metrics), at: second)
        case .maxRecordSize(let kiB):
            let sizes = CatalogLimits.defaultRecordKiB...CatalogLimits.largestRecordKiB
            guard sizes.contains(kiB) else {
                throw .recordSizeOutOfRange(key, requestedKiB: kiB)
            }
            return configure(stream, .maxRecord(kiB: kiB), at: second)
        case .distribution(let strategy):
            guard stream.mode == .onDemand || strategy == .userPartitionKey else {
                throw .distributionNeedsOnDemand(key)
            }
            return configure(stream, .distribution(strategy), at: second)
        case .mode(let mode, let warmMiBps):
            return try change(stream, to: mode, warmMiBps, at: second, under: rules)
        case .warmThroughput(let miBps):
            try checkWarmThroughput(miBps, of: key, mode: stream.mode, at: second)
            let entry = try warm(stream, .warmThroughput(miBps: miBps), miBps, second, rules)
            return Plan(
                entry: entry,
                result: .warmThroughput(
                    current: min(Int(stream.warmMiBps ?? 0), stream.open.count),
                    target: Int(miBps)))
        case .shardCount(let target):
            return try resize(stream, to: target, at: second, under: rules)
        case .policy(let text):
            try checkPolicy(text)
            return configure(stream, .policy(text), at: second)
        case .deletePolicy:
            guard stream.policy != nil else { throw .policyNotFound(stream.arn.description) }
            return configure(stream, .policy(nil), at: second)
        }
    }

    /// A change that is made at once.
    private func configure(
        _ stream: StreamState, _ setting: StreamSetting, at second: UInt64
    ) -> Plan {
        Plan(
            entry: StreamConfigured(stream: stream.id, setting: setting, second: second),
            result: .streamUpdated)
    }

    private func change(
        _ stream: StreamState, to metrics: ShardLevelMetrics, at second: UInt64
    ) -> Plan {
        Plan(
            entry: StreamConfigured(stream: stream.id, setting: .metrics(metrics), second: second),
            result: .metricsChanged(before: stream.metrics, after: metrics))
    }

    /// What has expired under the period so far stays expired under a longer one.
    private func retention(
        _ hours: UInt32, of stream: StreamState, on clock: RetentionClock
    ) -> StreamSetting {
        let floor = stream.cutoff(clock)
        return .retention(
            hours: hours,
            floorMilliseconds: hours > stream.retentionHours
                ? max(floor, 0) : stream.settings.floorMilliseconds)
    }

    private func change(
        _ stream: StreamState, to mode: StreamMode, _ warmMiBps: UInt32?, at second: UInt64,
        under rules: CatalogRules
    ) throws(CatalogRefusal) -> Plan {
        if let warmMiBps {
            try checkWarmThroughput(warmMiBps, of: stream.key, mode: mode, at: second)
        }
        if mode == .onDemand, stream.mode == .provisioned {
            try checkOnDemandQuota(for: stream.key, under: rules)
        }
        // A stream that goes on demand keeps its shards, or gets those of its warm throughput.
        let setting = StreamSetting.mode(mode, warmMiBps: warmMiBps)
        guard let warmMiBps, Int(warmMiBps) > stream.open.count else {
            return Plan(
                entry: begin(.setting(setting), of: stream, at: second, under: rules) {
                    StreamConfigured(stream: stream.id, setting: setting, second: second)
                }, result: .streamUpdated)
        }
        return Plan(
            entry: try warm(stream, setting, warmMiBps, second, rules), result: .streamUpdated)
    }

    /// A setting, with as many shards as the warm throughput needs.
    private func warm(
        _ stream: StreamState, _ setting: StreamSetting, _ miBps: UInt32, _ second: UInt64,
        _ rules: CatalogRules
    ) throws(CatalogRefusal) -> any Entry {
        let target = min(Int(miBps), CatalogLimits.openShardsPerStream)
        guard target > stream.open.count else {
            return begin(.setting(setting), of: stream, at: second, under: rules) {
                StreamConfigured(stream: stream.id, setting: setting, second: second)
            }
        }
        let resized = try resized(stream, to: target, setting, at: second, under: rules)
        let update = StreamUpdateUnderWay.settingAndResize(setting, target: UInt32(target))
        return begin(update, of: stream, at: second, under: rules) { resized }
    }

    private func resize(
        _ stream: StreamState, to target: Int, at second: UInt64, under rules: CatalogRules
    ) throws(CatalogRefusal) -> Plan {
        let key = stream.key
        guard stream.mode == .provisioned else { throw .streamIsOnDemand(key) }
        let current = stream.open.count
        let result = CatalogResult.resharding(current: current, target: target)
        guard target <= CatalogLimits.openShardsPerStream else {
            throw .resizeAboveLimit(
                key, current: current, target: target, limit: CatalogLimits.openShardsPerStream)
        }
        guard target <= 2 * current else {
            throw .resizeAboveDouble(key, current: current, target: target)
        }
        guard 2 * target >= current else {
            throw .resizeBelowHalf(key, current: current, target: target)
        }
        if target == current {
            return Plan(
                entry: StreamStatusChanged(stream: stream.id, status: .active), result: result)
        }
        let resized = try resized(stream, to: target, nil, at: second, under: rules)
        return Plan(
            entry: begin(.resize(target: UInt32(target)), of: stream, at: second, under: rules) {
                resized
            }, result: result)
    }

    /// The entry that brings a stream to `target` shards, if there is room for them.
    private func resized(
        _ stream: StreamState, to target: Int, _ setting: StreamSetting?, at second: UInt64,
        under rules: CatalogRules
    ) throws(CatalogRefusal) -> ShardsResized {
        let key = stream.key
        guard target <= CatalogLimits.openShardsPerStream else {
            throw .resizeAboveLimit(
                key, current: stream.open.count, target: target,
                limit: CatalogLimits.openShardsPerStream)
        }
        try checkShardQuota(for: key, additional: target - stream.open.count, under: rules)
        let entry = try resizing(stream, to: target, setting, at: second)
        try checkRoom(for: Int(entry.added), key: key)
        return entry.entry
    }

    /// Decides the splits and merges.
    func resizing(
        _ stream: StreamState, to target: Int, _ setting: StreamSetting?, at second: UInt64
    ) throws(CatalogRefusal) -> (entry: ShardsResized, added: Int) {
        // Each step can be a second after the one before, and there are at most two chains.
        var latest = second
        for place in 0..<stream.open.count {
            latest = max(latest, stream.open[place].createdSecond)
        }
        guard latest < SequenceNumber.greatestSecond - 64 else {
            throw .secondsExhausted(stream.key)
        }
        let most = UInt64(2 * (stream.open.count + target))
        guard UInt64(stream.nextShardIndex) + most < UInt64(SequenceNumber.greatestShardIndex)
        else {
            throw .shardLimit(
                account: stream.account, region: stream.region, stream: stream.name,
                current: stream.open.count, limit: CatalogLimits.openShardsPerStream,
                additional: target)
        }
        var resizing = Resizing(stream, firstNumber: nextShard, second: second)
        resizing.plan(target: target)
        return (
            ShardsResized(
                stream: stream.id, firstChild: nextShard, second: second, setting: setting,
                steps: resizing.steps), resizing.addedCount
        )
    }

    /// The entry that begins an update, or the one that makes it if streams do not pass through
    /// UPDATING.
    func begin(
        _ update: StreamUpdateUnderWay, of stream: StreamState, at second: UInt64,
        under rules: CatalogRules, or make: () -> any Entry
    ) -> any Entry {
        rules.passesThroughStates
            ? StreamUpdateBegun(stream: stream.id, update: update) : make()
    }

    // MARK: Rules that more than one change has

    /// Warm throughput is for on-demand streams of accounts with a commitment.
    func checkWarmThroughput(
        _ miBps: UInt32, of key: StreamKey, mode: StreamMode, at second: UInt64
    ) throws(CatalogRefusal) {
        guard mode == .onDemand else { throw .warmThroughputNeedsOnDemand(key) }
        guard commitments[key.account]?.isInForce(at: second) ?? false else {
            throw .warmThroughputNeedsCommitment(key)
        }
        guard miBps <= CatalogLimits.warmMiBps else {
            throw .warmThroughputOutOfRange(
                key, requested: miBps, limit: CatalogLimits.warmMiBps)
        }
    }

    /// Room for a new stream in its account's region, and on the node.
    func checkQuotas(
        for key: StreamKey, mode: StreamMode, shards: Int, under rules: CatalogRules
    ) throws(CatalogRefusal) {
        let usage = usage(of: key)
        guard usage.creatingStreams < rules.creatingStreamsPerAccount else {
            throw .tooManyCreating(limit: rules.creatingStreamsPerAccount)
        }
        if mode == .onDemand { try checkOnDemandQuota(for: key, under: rules) }
        try checkShardQuota(for: key, additional: shards, under: rules)
        try checkRoom(for: shards, key: key)
    }

    private func checkOnDemandQuota(
        for key: StreamKey, under rules: CatalogRules
    ) throws(CatalogRefusal) {
        let current = usage(of: key).onDemandStreams
        guard current < rules.onDemandStreamsPerAccount else {
            throw .onDemandQuota(
                key, current: current, limit: rules.onDemandStreamsPerAccount)
        }
    }

    /// Room for more open shards in the account's region.
    func checkShardQuota(
        for key: StreamKey, additional: Int, under rules: CatalogRules
    ) throws(CatalogRefusal) {
        let current = usage(of: key).openShards
        guard additional <= 0 || current + additional <= rules.shardsPerAccount else {
            throw .shardLimit(
                account: key.account, region: key.region, stream: nil, current: current,
                limit: rules.shardsPerAccount, additional: additional)
        }
    }

    func usage(of key: StreamKey) -> AccountUsage { usages[AccountRegion(key)] ?? AccountUsage() }
}

/// A resource policy's size; what it says was looked at before.
func checkPolicy(_ text: String) throws(CatalogRefusal) {
    guard text.utf8.count <= CatalogLimits.policyBytes else {
        throw .policyTooLong(bytes: text.utf8.count, limit: CatalogLimits.policyBytes)
    }
}
