/// Errors about shards, resharding and the listing of shards. Unless a text says otherwise it is
/// AWS's.
extension ServiceError {
    /// A shard id that no shard can have, or that no shard of the stream has.
    public static func shardNotFound(
        shardID: String, stream: String, account: String
    ) -> ServiceError {
        ServiceError(
            .resourceNotFound,
            "Could not find shard \(shardID) in stream \(stream) under account \(account).")
    }

    /// A shard, or its whole stream, that an iterator or a subscription cannot be had of.
    public static func shardDoesNotExist(
        shardID: String, stream: String, account: String
    ) -> ServiceError {
        ServiceError(
            .resourceNotFound,
            "Shard \(shardID) in stream \(stream) under account \(account) does not exist")
    }

    /// A split or merge of a shard that has been split or merged before.
    public static func shardIsClosed(
        shardID: String, stream: String, account: String
    ) -> ServiceError {
        ServiceError(
            .resourceInUse,
            "Shard \(shardID) in stream \(stream) under account \(account) has already been "
                + "merged or split, and thus is not eligible for merging or splitting.")
    }

    /// A split at a key that would leave one of the children without a range.
    public static func splitKeyOutOfRange(
        key: UInt128, shardID: String, stream: String, account: String, range: HashRange
    ) -> ServiceError {
        splitKeyOutOfRange(
            text: String(key), shardID: shardID, stream: stream, account: account, range: range)
    }

    /// The same for a key as the request spelled it, which may be above every range.
    public static func splitKeyOutOfRange(
        text key: String, shardID: String, stream: String, account: String, range: HashRange
    ) -> ServiceError {
        ServiceError(
            .invalidArgument,
            "NewStartingHashKey \(key) used in SplitShard() on shard \(shardID) in stream "
                + "\(stream) under account \(account) is not both greater than one plus the "
                + "shard's StartingHashKey \(range.start) and less than the shard's "
                + "EndingHashKey \(range.end).")
    }

    /// A merge of two shards of which the second does not begin where the first ends.
    public static func shardsNotAdjacent(
        shardID: String, adjacentShardID: String, stream: String, account: String
    ) -> ServiceError {
        ServiceError(
            .invalidArgument,
            "Shards \(shardID) and \(adjacentShardID) in stream \(stream) under account "
                + "\(account) are not an adjacent pair of shards eligible for merging")
    }

    /// ListShards without a stream and without a token.
    public static let listShardsNeedsStream = ServiceError(
        .invalidArgument, "Either NextToken or StreamName should be provided.")

    /// ListShards with a stream's name and a token.
    public static let nextTokenWithStreamName = ServiceError(
        .invalidArgument, "NextToken and StreamName cannot be provided together.")

    /// A token together with a member that it already carries.
    public static func nextTokenWith(_ member: String) -> ServiceError {
        ServiceError(
            .invalidArgument, "NextToken and \(member) cannot be provided together.")
    }

    /// A shard filter without the member that its type needs (the text is ours).
    public static func shardFilterNeeds(_ member: String, type: String) -> ServiceError {
        ServiceError(
            .invalidArgument, "ShardFilter of type \(type) needs the parameter \(member).")
    }

    /// Two ways of saying where the list begins (the text is ours).
    public static let exclusiveStartTwice = ServiceError(
        .invalidArgument,
        "ExclusiveStartShardId and ShardFilter of type AFTER_SHARD_ID cannot be provided together.")

    /// A shard filter that asks for a time yet to come (the text is ours).
    public static func shardFilterInFuture(
        milliseconds: Int64, nowMilliseconds: Int64
    ) -> ServiceError {
        timestampInFuture(milliseconds: milliseconds, nowMilliseconds: nowMilliseconds)
    }

    /// A page token that is none of ours (the text is ours).
    public static let invalidNextToken = ServiceError(
        .invalidArgument, "NextToken is invalid.")

    /// A page token older than five minutes (the text is ours).
    public static let expiredNextToken = ServiceError(
        .expiredNextToken, "NextToken has expired. Tokens are valid for 300 seconds.")
}
