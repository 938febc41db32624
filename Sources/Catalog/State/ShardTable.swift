internal import Kinesis

/// The shards of a stream by index. Versions share structure: a split of a stream with thousands
/// of shards copies two chunks of references.
public struct ShardTable: Sequence, Sendable {
    private var shards = SortedMap<UInt32, ShardState>()

    init() {}

    /// Open and closed shards.
    public var count: Int { shards.count }

    /// The shard of this index; nil if there is none or it is forgotten.
    public subscript(index: UInt32) -> ShardState? { shards[index] }

    /// At most `limit` shards in the order of their indices, all above `index` if one is given.
    ///
    /// Costs a search and the page, whatever the stream's size.
    public func page(after index: UInt32? = nil, limit: Int) -> [ShardState] {
        guard limit > 0 else { return [] }
        var page: [ShardState] = []
        visit(after: index) { shard in
            page.append(shard)
            return page.count < limit
        }
        return page
    }

    /// Visits the shards in the order of their indices, all above `index` if one is given, until
    /// `body` returns false.
    public func visit(after index: UInt32? = nil, _ body: (ShardState) -> Bool) {
        if index == .max { return }
        shards.visit(from: index.map { $0 + 1 }) { _, shard in body(shard) }
    }

    public func makeIterator() -> Iterator {
        Iterator(table: self)
    }

    /// Walks page by page, so that an iterator costs no copy of the table.
    public struct Iterator: IteratorProtocol {
        private let table: ShardTable
        private var page: [ShardState] = []
        private var place = 0
        private var isAtEnd = false

        fileprivate init(table: ShardTable) {
            self.table = table
        }

        public mutating func next() -> ShardState? {
            if place == page.count {
                guard !isAtEnd else { return nil }
                page = table.page(after: page.last?.id.index, limit: 64)
                isAtEnd = page.count < 64
                place = 0
                guard !page.isEmpty else { return nil }
            }
            defer { place += 1 }
            return page[place]
        }
    }

    mutating func set(_ shard: ShardState) {
        shards.set(shard.id.index, shard)
    }

    mutating func remove(_ index: UInt32) {
        shards.remove(index)
    }
}
