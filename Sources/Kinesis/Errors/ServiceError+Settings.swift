/// Errors about what streams, consumers and accounts can be set to. Unless a text says otherwise it
/// is AWS's.
extension ServiceError {
    /// More tags than a stream can have. AWS's text kept saying 10 when the limit became 50.
    public static func tooManyTags(stream: String, account: String) -> ServiceError {
        ServiceError(
            .invalidArgument,
            "Failed to add tags to stream \(stream) under account \(account) because a given "
                + "stream cannot have more than 10 tags associated with it.")
    }

    /// More tags than a consumer can have (the text is ours).
    public static func tooManyTags(
        consumer: String, stream: String, limit: Int
    ) -> ServiceError {
        ServiceError(
            .invalidArgument,
            "Failed to add tags to consumer \(consumer) under stream \(stream) because a given "
                + "consumer cannot have more than \(limit) tags associated with it.")
    }

    /// An increase of the retention to less than it is.
    public static func retentionShorter(
        stream: String, requested: Int, existing: Int
    ) -> ServiceError {
        ServiceError(
            .invalidArgument,
            "Requested retention period (\(requested) hours) for stream \(stream) can not be "
                + "shorter than existing retention period (\(existing) hours). "
                + "Use DecreaseRetentionPeriod API.")
    }

    /// A decrease of the retention to more than it is.
    public static func retentionLonger(
        stream: String, requested: Int, existing: Int
    ) -> ServiceError {
        ServiceError(
            .invalidArgument,
            "Requested retention period (\(requested) hours) for stream \(stream) can not be "
                + "longer than existing retention period (\(existing) hours). "
                + "Use IncreaseRetentionPeriod API.")
    }

    /// UpdateShardCount to more than double.
    public static func resizeAboveDouble(current: Int, target: Int) -> ServiceError {
        ServiceError(
            .limitExceeded,
            "UpdateShardCount cannot scale up over double your current open shard count. "
                + "Current open shard count: \(current) Target shard count: \(target)")
    }

    /// UpdateShardCount to less than half.
    public static func resizeBelowHalf(current: Int, target: Int) -> ServiceError {
        ServiceError(
            .limitExceeded,
            "UpdateShardCount cannot scale down below half your current open shard count. "
                + "Current open shard count: \(current) Target shard count: \(target)")
    }

    /// UpdateShardCount to more than a stream can have.
    public static func resizeAboveLimit(
        current: Int, target: Int, limit: Int
    ) -> ServiceError {
        ServiceError(
            .limitExceeded,
            "Target shard count or number of open shards cannot be greater than \(limit). "
                + "Current open shard count: \(current), Target shard count: \(target)")
    }

    /// AUTO was asked for a provisioned stream (the text is ours).
    public static func distributionNeedsOnDemand(stream: String, account: String) -> ServiceError {
        ServiceError(
            .validation,
            "RecordDistributionStrategy AUTO needs a stream in On-Demand mode; stream \(stream) "
                + "under account \(account) is in Provisioned mode.")
    }

    /// Warm throughput was asked for a provisioned stream (the text is ours).
    public static func warmThroughputNeedsOnDemand(
        stream: String, account: String
    ) -> ServiceError {
        ServiceError(
            .validation,
            "WarmThroughputMiBps needs a stream in On-Demand mode; stream \(stream) under account "
                + "\(account) is in Provisioned mode.")
    }

    /// More warm throughput than a stream can have (the text is ours).
    public static func warmThroughputOutOfRange(requested: Int, limit: Int) -> ServiceError {
        ServiceError(
            .validation,
            "WarmThroughputMiBps can be at most \(limit). Requested: \(requested).")
    }

    /// A resource policy of more bytes than one can have (the text is ours).
    public static func policyTooLong(bytes: Int, limit: Int) -> ServiceError {
        ServiceError(
            .limitExceeded, "The policy has \(bytes) bytes; it can have at most \(limit).")
    }

    /// A resource policy is to be removed where none is set.
    public static func policyNotFound(arn: String) -> ServiceError {
        ServiceError(.resourceNotFound, "No resource policy found for resource ARN \(arn).")
    }
}
