/// Errors about records and places in a shard. Unless a text says otherwise it is AWS's.
extension ServiceError {
    /// A record's data, or data and key together, are above what the stream takes.
    public static func recordTooLarge(bytes: Int, limitBytes: Int) -> ServiceError {
        validation([tooLarge(path: "data", bytes, limitBytes)])
    }

    /// The same for records of one call, at most ten of them.
    static func recordsTooLarge(
        _ records: [(index: Int, bytes: Int)], limitBytes: Int
    ) -> ServiceError {
        validation(
            records.map {
                tooLarge(path: "records.\($0.index + 1).member.data", $0.bytes, limitBytes)
            })
    }

    private static func tooLarge(path: String, _ bytes: Int, _ limitBytes: Int) -> String {
        "Value '\(byteBuffer(count: bytes))' at '\(path)' failed to satisfy constraint: "
            + "Member must have length less than or equal to \(limitBytes)"
    }

    /// The records of one call are more than 10 MiB together.
    public static let recordsTooLarge = ServiceError(
        .invalidArgument, "Records size exceeds 10 MB limit")

    /// An explicit hash key of 2^128 or above.
    public static func explicitHashKeyOutOfRange(_ value: String) -> ServiceError {
        ServiceError(
            .invalidArgument,
            "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. "
                + "Specified value was \(value)")
    }

    /// A SequenceNumberForOrdering that no shard of ours gave out, or that is of the future.
    public static func orderingNumberInvalid(
        _ number: String, stream: String, account: String
    ) -> ServiceError {
        ServiceError(
            .invalidArgument,
            "ExclusiveMinimumSequenceNumber \(number) used in PutRecord on stream \(stream) "
                + "under account \(account) is invalid.")
    }

    /// Writes to the shard are more than it, or the node, can take.
    public static func writeRateExceeded(
        shardID: String, stream: String, account: String
    ) -> ServiceError {
        ServiceError(
            .provisionedThroughputExceeded,
            "Rate exceeded for shard \(shardID) in stream \(stream) under account \(account).")
    }

    /// Reads of the shard are more than it may have.
    public static func readRateExceeded(
        shardID: String, stream: String, account: String
    ) -> ServiceError {
        ServiceError(
            .provisionedThroughputExceeded,
            "Rate exceeded for Shard - \(account)/\(stream)/\(shardID)")
    }

    /// An iterator type that needs a sequence number came without one.
    public static func sequenceNumberMissing(type: String) -> ServiceError {
        ServiceError(.invalidArgument, mustSpecify(type) + "no StartingSequenceNumber.")
    }

    /// An iterator type that takes no sequence number came with one.
    public static func sequenceNumberNotWanted(type: String) -> ServiceError {
        ServiceError(.invalidArgument, mustSpecify(type) + "also a StartingSequenceNumber.")
    }

    private static func mustSpecify(_ type: String) -> String {
        "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and "
            + "StartingSequenceNumber or (2) TRIM_HORIZON or LATEST and no "
            + "StartingSequenceNumber. Request specified \(type) and "
    }

    /// AT_TIMESTAMP without a time.
    public static let timestampMissing = ServiceError(
        .invalidArgument,
        "Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. "
            + "Current request has no timestamp parameter.")

    /// A time yet to come.
    public static func timestampInFuture(
        milliseconds: Int64, nowMilliseconds: Int64
    ) -> ServiceError {
        ServiceError(
            .invalidArgument,
            "The timestampInMillis parameter cannot be greater than the "
                + "currentTimestampInMillis. timestampInMillis: \(milliseconds), "
                + "currentTimestampInMillis: \(nowMilliseconds)")
    }

    /// A sequence number that is none of ours.
    ///
    /// A subscription says the same, with the name of the call with which AWS shares the check.
    public static func sequenceNumberInvalid(
        _ number: String, shardID: String, stream: String, account: String
    ) -> ServiceError {
        ServiceError(
            .invalidArgument,
            "StartingSequenceNumber \(number) used in GetShardIterator on shard \(shardID) "
                + "in stream \(stream) under account \(account) is invalid.")
    }

    /// A sequence number of another stream, or of an earlier stream of the same name.
    public static func sequenceNumberOfOtherStream(
        _ number: String, shardID: String, stream: String, account: String
    ) -> ServiceError {
        ServiceError(
            .invalidArgument,
            "StartingSequenceNumber \(number) used in GetShardIterator on shard \(shardID) "
                + "in stream \(stream) under account \(account) is invalid because it did not "
                + "come from this stream.")
    }

    /// A sequence number of another shard.
    public static func sequenceNumberOfOtherShard(
        encoded: ShardID, used: ShardID
    ) -> ServiceError {
        ServiceError(
            .invalidArgument,
            "Invalid StartingSequenceNumber. It encodes \(encoded), while it was used in a call "
                + "to a shard with \(used)")
    }

    /// An iterator that cannot be opened.
    public static let invalidShardIterator = ServiceError(
        .invalidArgument, "Invalid ShardIterator.")

    /// An iterator above its age; the text is ``ShardIterator/expiry(nowMilliseconds:toleratedMilliseconds:)``.
    public static func expiredIterator(_ text: String) -> ServiceError {
        ServiceError(.expiredIterator, text)
    }

    /// A StreamARN in GetRecords that is not the iterator's (the text is ours).
    public static func iteratorOfOtherStream(arn: String) -> ServiceError {
        ServiceError(
            .invalidArgument, "The ShardIterator is not of the stream \(arn).")
    }
}
