public import Wire

/// Lists a stream's shards, all that are retained or those that a filter names.
///
/// Errors: ResourceNotFound, InvalidArgument, LimitExceeded, ExpiredNextToken, ResourceInUse (the
/// stream is neither ACTIVE nor UPDATING), AccessDenied.
public enum ListShards {
    static let filter = Structure(
        "ShardFilter",
        [
            .choice("Type", Choice(FilterType.allCases.map(\.rawValue)), required: true),
            .name("ShardId"),
            .timestamp("Timestamp"),
        ])

    static let shape = Structure(
        "ListShardsInput",
        [
            .name("StreamName"),
            .nextToken,
            .name("ExclusiveStartShardId"),
            .pageSize("MaxResults"),
            .timestamp("StreamCreationTimestamp"),
            .structure("ShardFilter", filter),
            .streamARN(),
            .streamID,
        ])

    /// The filters' names, in the model's order.
    enum FilterType: String, CaseIterable {
        case afterShardID = "AFTER_SHARD_ID"
        case atTrimHorizon = "AT_TRIM_HORIZON"
        case fromTrimHorizon = "FROM_TRIM_HORIZON"
        case atLatest = "AT_LATEST"
        case atTimestamp = "AT_TIMESTAMP"
        case fromTimestamp = "FROM_TIMESTAMP"
    }

    /// Which shards to list. AFTER_SHARD_ID is not among them: it says where to begin, as
    /// ExclusiveStartShardId does.
    public enum Filter: Sendable, Hashable {
        /// Those that were open at the oldest retained moment.
        case atTrimHorizon
        /// All that are retained; what a request without a filter means.
        case fromTrimHorizon
        /// Those that are open now.
        case atLatest
        /// Those that were open at this time, in milliseconds since 1970.
        case atTimestamp(Int64)
        /// Those that were open at this time or later.
        case fromTimestamp(Int64)
    }

    /// What is listed: a stream's shards from the beginning, or on from the page before.
    public enum Start: Sendable, Hashable {
        /// A stream's shards under a filter, of these only those with greater ids than
        /// `exclusiveStartShardID`, which need not exist. The time of the stream's creation, in
        /// milliseconds since 1970, is there if the request gave it.
        case stream(
            StreamSelector, filter: Filter, exclusiveStartShardID: String?,
            createdMilliseconds: Int64?)
        /// The token carries stream and filter. A StreamARN that came along must be the same
        /// stream's.
        case token(String, arn: StreamARN?)
    }

    public struct Input: Sendable {
        /// How many shards to show at most: 1 to ``Limits/listShardsResults``.
        public var limit: Int
        public var start: Start
    }

    /// Reads a request. Whether a filter's time is in the future is for the caller to check, with
    /// ``ServiceError/shardFilterInFuture(milliseconds:nowMilliseconds:)``.
    public static func decode(
        _ body: [UInt8], _ encoding: Encoding
    ) throws(ServiceError) -> Input {
        let fields = try ShapeDecoder.decode(body, encoding, as: shape)
        let limit = min(
            fields.integer("MaxResults") ?? Limits.listShardsResults, Limits.listShardsResults)
        if let token = fields.text("NextToken") {
            if fields.text("StreamName") != nil { throw .nextTokenWithStreamName }
            for member in ["ExclusiveStartShardId", "StreamCreationTimestamp", "ShardFilter"]
            where fields[member].isPresent {
                throw .nextTokenWith(member)
            }
            return Input(limit: limit, start: .token(token, arn: try streamARN(in: fields)))
        }
        guard let stream = try StreamSelector(optional: fields) else {
            throw .listShardsNeedsStream
        }
        return Input(limit: limit, start: try start(stream, fields))
    }

    private static func start(
        _ stream: StreamSelector, _ fields: Fields
    ) throws(ServiceError) -> Start {
        var after = fields.text("ExclusiveStartShardId")
        var filter = Filter.fromTrimHorizon
        if let asked = fields.structure("ShardFilter"),
            let type = FilterType(rawValue: asked.requiredText("Type"))
        {
            switch type {
            case .fromTrimHorizon: break
            case .atTrimHorizon: filter = .atTrimHorizon
            case .atLatest: filter = .atLatest
            case .afterShardID:
                guard after == nil else { throw .exclusiveStartTwice }
                guard let id = asked.text("ShardId") else {
                    throw .shardFilterNeeds("ShardId", type: type.rawValue)
                }
                after = id
            case .atTimestamp, .fromTimestamp:
                guard let time = asked.timestamp("Timestamp") else {
                    throw .shardFilterNeeds("Timestamp", type: type.rawValue)
                }
                filter = type == .atTimestamp ? .atTimestamp(time) : .fromTimestamp(time)
            }
        }
        return .stream(
            stream, filter: filter, exclusiveStartShardID: after,
            createdMilliseconds: fields.timestamp("StreamCreationTimestamp"))
    }

    public struct Output: Sendable {
        public var shards: [ListedShard]
        public var nextToken: String?

        public init(shards: [ListedShard], nextToken: String?) {
            self.shards = shards
            self.nextToken = nextToken
        }

        public func encoded(_ encoding: Encoding) -> [UInt8] {
            var writer = ResponseWriter(encoding, capacity: 128 + 400 * shards.count)
            writer.beginStructure()
            writer.key("Shards")
            shards.write(to: &writer)
            writer.member("NextToken", optional: nextToken)
            writer.endStructure()
            return writer.finish()
        }
    }
}
