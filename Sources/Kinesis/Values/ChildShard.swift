/// A shard that continues one or two closed ones, as a reader is told at the end of a parent.
public struct ChildShard: Sendable, Hashable {
    /// The child.
    public let id: ShardID
    /// Its parents: one after a split, two after a merge. Clients refuse a child without any.
    public let parents: [ShardID]
    /// The hash keys that the child takes.
    public let range: HashRange

    /// The child with the given id, parents and range.
    public init(id: ShardID, parents: [ShardID], range: HashRange) {
        precondition((1...2).contains(parents.count), "a child has one or two parents")
        self.id = id
        self.parents = parents
        self.range = range
    }
}
