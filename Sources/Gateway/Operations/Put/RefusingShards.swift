import Catalog
import ShardLog

/// Shards that have refused a record of a put for the moment.
///
/// What is behind it for the same shard is refused too, although it may be smaller and there may be
/// room for it. So a client that puts again what was refused, and nothing else meanwhile, keeps the
/// order of its records.
struct RefusingShards {
    private var numbers: Set<ShardNumber> = []

    func contains(_ shard: ShardState) -> Bool {
        !numbers.isEmpty && numbers.contains(shard.number)
    }

    mutating func insert(_ shard: ShardState) { numbers.insert(shard.number) }
}
