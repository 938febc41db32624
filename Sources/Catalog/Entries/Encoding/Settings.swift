internal import Kinesis

// The settings that entries and snapshots carry: a byte that says which, then its value.

extension EntryWriter {
    mutating func setting(_ setting: StreamSetting) {
        switch setting {
        case .retention(let hours, let floor):
            byte(1)
            integer(UInt64(hours))
            integer(UInt64(floor))
        case .maxRecord(let kiB):
            byte(2)
            integer(UInt64(kiB))
        case .distribution(let strategy):
            byte(3)
            distribution(strategy)
        case .metrics(let metrics):
            byte(4)
            byte(metrics.rawValue)
        case .mode(let mode, let warmMiBps):
            byte(5)
            self.mode(mode)
            optional(warmMiBps)
        case .warmThroughput(let miBps):
            byte(6)
            optional(miBps)
        case .tags(let tags):
            byte(7)
            self.tags(tags)
        case .policy(let policy):
            byte(8)
            optional(policy)
        }
    }

    mutating func setting(_ setting: ConsumerSetting) {
        switch setting {
        case .tags(let tags):
            byte(7)
            self.tags(tags)
        case .policy(let policy):
            byte(8)
            optional(policy)
        }
    }

    /// A byte 0 for none.
    mutating func update(_ update: StreamUpdateUnderWay?) {
        switch update {
        case nil: byte(0)
        case .split(let shard, let hashKey):
            byte(1)
            integer(UInt64(shard))
            self.hashKey(hashKey)
        case .merge(let lower, let upper):
            byte(2)
            integer(UInt64(lower))
            integer(UInt64(upper))
        case .resize(let target):
            byte(3)
            integer(UInt64(target))
        case .setting(let setting):
            byte(4)
            self.setting(setting)
        case .settingAndResize(let setting, let target):
            byte(5)
            self.setting(setting)
            integer(UInt64(target))
        }
    }
}

extension EntryReader {
    mutating func streamSetting() throws(CatalogError) -> StreamSetting {
        switch try byte() {
        case 1:
            let hours = try size()
            return .retention(hours: hours, floorMilliseconds: try milliseconds())
        case 2: return .maxRecord(kiB: try size())
        case 3: return .distribution(try distribution())
        case 4: return .metrics(try metrics())
        case 5:
            let mode = try streamMode()
            return .mode(mode, warmMiBps: try optionalSize())
        case 6: return .warmThroughput(miBps: try optionalSize())
        case 7: return .tags(try tags())
        case 8: return .policy(try optionalText())
        default: throw CatalogError(.malformed("an unknown setting"), offset: offset - 1)
        }
    }

    mutating func consumerSetting() throws(CatalogError) -> ConsumerSetting {
        switch try byte() {
        case 7: return .tags(try tags())
        case 8: return .policy(try optionalText())
        default: throw CatalogError(.malformed("an unknown setting"), offset: offset - 1)
        }
    }

    mutating func update() throws(CatalogError) -> StreamUpdateUnderWay? {
        switch try byte() {
        case 0: return nil
        case 1:
            let shard = try shardIndex()
            return .split(shard: shard, hashKey: try hashKey())
        case 2:
            let lower = try shardIndex()
            return .merge(lower: lower, upper: try shardIndex())
        case 3: return .resize(target: try target())
        case 4: return .setting(try streamSetting())
        case 5:
            let setting = try streamSetting()
            return .settingAndResize(setting, target: try target())
        default: throw CatalogError(.malformed("an unknown update"), offset: offset - 1)
        }
    }

    private mutating func target() throws(CatalogError) -> UInt32 {
        let start = offset
        let target = UInt32(try integer(atMost: UInt64(CatalogLimits.openShardsPerStream)))
        guard target > 0 else { throw CatalogError(.malformed("no shards"), offset: start) }
        return target
    }
}
