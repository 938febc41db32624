/// What an UPDATING stream is to become when its time in that status is over.
///
/// It was validated when it was begun. Nothing else can change the stream's shards or mode before
/// it is done, because every such change needs an ACTIVE stream.
enum StreamUpdateUnderWay: Sendable, Hashable {
    case split(shard: UInt32, hashKey: UInt128)
    /// The indices of two open shards next to each other.
    case merge(lower: UInt32, upper: UInt32)
    /// As many open shards of equal ranges.
    case resize(target: UInt32)
    case setting(StreamSetting)
    /// A setting, and then as many open shards of equal ranges.
    case settingAndResize(StreamSetting, target: UInt32)
}
