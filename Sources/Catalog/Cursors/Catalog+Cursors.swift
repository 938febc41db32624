public import ShardLog

extension Catalog {
    /// Where a consumer is in a shard; nil if it was never there.
    public func cursor(consumer: UInt64, shard: ShardNumber) -> Cursor? {
        publisher.cursors.cursor(CursorKey(consumer: consumer, shard: shard))
    }

    /// The shards in which a consumer has been, and where it is.
    public func cursors(consumer: UInt64) -> [ShardNumber: Cursor] {
        publisher.cursors.cursors(of: consumer)
    }

    /// Notes where a subscription starts: behind the record of `index`. Only a consumer's first
    /// one in the shard counts. In memory at once, in the journal with the next flush.
    /// - Returns: false if the consumer is gone or the node has as many cursors as it may.
    @discardableResult
    public func noteOrigin(
        consumer: UInt64, shard: ShardNumber, index: UInt64, milliseconds: Int64 = 0
    ) -> Bool {
        publisher.cursors.setOrigin(
            CursorKey(consumer: consumer, shard: shard),
            CursorPoint(index: index, milliseconds: milliseconds))
    }

    /// Notes the last place that was sent; one that is not beyond the present one is passed over.
    @discardableResult
    public func noteSent(
        consumer: UInt64, shard: ShardNumber, index: UInt64, milliseconds: Int64 = 0
    ) -> Bool {
        publisher.cursors.advance(
            CursorKey(consumer: consumer, shard: shard),
            sent: CursorPoint(index: index, milliseconds: milliseconds),
            credited: nil)
    }

    /// Notes the last place whose bytes the client has taken; one that is not beyond the present
    /// one is passed over.
    @discardableResult
    public func noteCredited(
        consumer: UInt64, shard: ShardNumber, index: UInt64, milliseconds: Int64 = 0
    ) -> Bool {
        publisher.cursors.advance(
            CursorKey(consumer: consumer, shard: shard), sent: nil,
            credited: CursorPoint(index: index, milliseconds: milliseconds))
    }

    /// Makes sure that there is room in memory for what is about to be committed.
    func reserveCursor(
        _ consumer: UInt64, _ shard: ShardNumber
    ) throws(CatalogRefusal) {
        guard let (stream, _) = snapshot.shard(shard), stream.consumer(id: consumer) != nil else {
            throw .cursorNotFound
        }
        guard publisher.cursors.reserve(CursorKey(consumer: consumer, shard: shard)) else {
            throw .cursorLimit(limit: CatalogLimits.cursors)
        }
    }
}
