public import Wire

/// What a request of any operation is about, as far as its body says so before it is validated.
public struct RequestSubject: Sendable, Hashable {
    public var streamName: String?
    public var consumerName: String?
    public var shardIndex: UInt32?
    /// The iterator of a GetRecords.
    public var iterator: ShardIterator?

    private static let shape = Structure(
        "RequestSubject",
        [
            .text("StreamName"), .text("StreamARN"), .text("ConsumerName"), .text("ConsumerARN"),
            .text("ResourceARN"), .text("ShardId"), .text("ShardToSplit"), .text("ShardToMerge"),
            .text("ShardIterator"),
        ])

    /// About a stream of which only this is known.
    public init(streamName: String) {
        self.streamName = streamName
    }

    /// Reads what the members say that name something. A body that cannot be read is about nothing:
    /// its operation will say so. Nil for one of more values than a reactor reads.
    public init?(_ body: [UInt8], _ encoding: Encoding, key: TokenKey) {
        let fields: Fields
        do throws(ServiceError) {
            fields = try ShapeDecoder.decode(body, encoding, as: Self.shape)
        } catch {
            if error == .tooManyValues { return nil }
            return
        }
        streamName = fields.text("StreamName")
        consumerName = fields.text("ConsumerName")
        let resource = fields.text("ResourceARN")
        if let arn = fields.text("StreamARN") ?? resource { streamName = StreamARN(arn)?.name }
        if let arn = (fields.text("ConsumerARN") ?? resource).flatMap(ConsumerARN.init) {
            consumerName = arn.name
            streamName = arn.stream.name
        }
        let shard =
            fields.text("ShardId") ?? fields.text("ShardToSplit") ?? fields.text("ShardToMerge")
        shardIndex = shard.flatMap(ShardID.init(lenient:))?.index
        if let text = fields.text("ShardIterator") {
            iterator = ShardIterator.open(text.utf8.span, with: key)
        }
        if let iterator {
            streamName = iterator.streamName
            shardIndex = iterator.shard
        }
    }
}
