import Catalog
import Kinesis
import Reactor
import ShardLog

/// Delivery cursors: how far consumers have come.
enum CursorOperations {
    static func commitCursor(
        _ context: OperationContext, _ found: ConsumerOfStream, _ input: CommitCursor.Input
    ) throws(ServiceError) {
        let shard = try found.stream.shard(input.shardID)
        let index = try shard.index(of: input.sequenceNumber, in: found.stream)
        guard
            shard.log.hasGivenOut(index)
                || (shard.isClosed && index == ShardState.endIndex)
        else {
            throw .cursorAhead(input.sequenceNumber, shardID: shard.id.description)
        }
        let point = CursorPoint(index: index, milliseconds: context.presentMilliseconds)
        try context.submit(
            .commitCursor(consumer: found.consumer.id, shard: shard.number, point))
    }

    static func listing(
        _ context: OperationContext, _ input: ListCursors.Input
    ) throws(ServiceError) -> Found<CursorListing> {
        switch input.subject {
        case .consumer(let arn):
            let found = try context.find(ConsumerSelector.arn(arn))
            return Found(
                found.resource,
                found.subject.map { context.cursors(of: $0.stream, only: $0.consumer.id) })
        case .stream(let selector):
            let found = try context.find(selector)
            return Found(
                found.resource, found.subject.map { context.cursors(of: $0, only: nil) })
        case .token(let text):
            let parts = try context.open(text, .cursors, parts: 4)
            guard let id = UInt64(parts[0]), let stream = context.catalog.stream(id: id),
                let consumer = UInt64(parts[2]), let shard = UInt32(parts[3])
            else { throw .invalidNextToken }
            let listing = context.cursors(
                of: stream, only: UInt64(parts[1]),
                after: CursorListing.Place(consumer: consumer, shard: shard))
            return try context.find(listing, ofToken: stream)
        }
    }

    static func listCursors(
        _ context: OperationContext, _ listing: CursorListing, _ input: ListCursors.Input
    ) throws(ServiceError) {
        let (limit, encoding) = (input.limit, context.encoding)
        // Whoever lags stands in pages that may have to come from the disk.
        try context.run { job in
            .success(listing.page(limit: limit) { job.isWanted }.encoded(encoding))
        }
    }
}
