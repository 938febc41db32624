import Wire

/// A shard as DescribeStream and ListShards show it (the model's `Shard`).
public struct ListedShard: Sendable, Hashable {
    public var id: ShardID
    /// The shard that this one came from, which may have expired.
    public var parent: ShardID?
    /// The second shard that this one was merged from.
    public var adjacentParent: ShardID?
    public var range: HashRange
    public var startingSequenceNumber: SequenceNumber
    /// Only a closed shard has one.
    public var endingSequenceNumber: SequenceNumber?

    public init(
        id: ShardID, parent: ShardID?, adjacentParent: ShardID?, range: HashRange,
        startingSequenceNumber: SequenceNumber, endingSequenceNumber: SequenceNumber?
    ) {
        self.id = id
        self.parent = parent
        self.adjacentParent = adjacentParent
        self.range = range
        self.startingSequenceNumber = startingSequenceNumber
        self.endingSequenceNumber = endingSequenceNumber
    }
}

extension [ListedShard] {
    /// Writes the list; absent members are left out.
    func write(to writer: inout ResponseWriter) {
        writer.beginList()
        for shard in self {
            writer.beginStructure()
            writer.member("ShardId", shard: shard.id)
            if let parent = shard.parent { writer.member("ParentShardId", shard: parent) }
            if let parent = shard.adjacentParent {
                writer.member("AdjacentParentShardId", shard: parent)
            }
            writer.member("HashKeyRange", range: shard.range)
            writer.key("SequenceNumberRange")
            writer.beginStructure()
            writer.member("StartingSequenceNumber", number: shard.startingSequenceNumber)
            if let ending = shard.endingSequenceNumber {
                writer.member("EndingSequenceNumber", number: ending)
            }
            writer.endStructure()
            writer.endStructure()
        }
        writer.endList()
    }
}
