/// Errors about a stream's existence, state and quotas. Unless a text says otherwise it is AWS's.
extension ServiceError {
    /// Neither StreamName nor StreamARN was given (the text is ours).
    public static let streamNotNamed = ServiceError(
        .invalidArgument, "Either StreamARN or StreamName must be provided.")

    /// StreamName and StreamARN name different streams (the text is ours).
    public static func streamConflict(name: String, arn: String) -> ServiceError {
        ServiceError(
            .invalidArgument,
            "StreamName \(name) and StreamARN \(arn) do not name the same stream.")
    }

    /// No such stream, or none that the operation can see.
    public static func streamNotFound(name: String, account: String) -> ServiceError {
        ServiceError(.resourceNotFound, "Stream \(name) under account \(account) not found.")
    }

    /// The stream is in a state in which the operation cannot be done.
    public static func streamNotActive(
        name: String, account: String, status: StreamStatus
    ) -> ServiceError {
        ServiceError(
            .resourceInUse,
            "Stream \(name) under account \(account) not ACTIVE, instead in state "
                + status.rawValue)
    }

    /// A stream of this name exists, in any state.
    public static func streamExists(name: String, account: String) -> ServiceError {
        ServiceError(
            .resourceInUse, "Stream \(name) under account \(account) already exists.")
    }

    /// A provisioned stream was asked for without a number of shards (the text is ours).
    public static let shardCountMissing = ServiceError(
        .invalidArgument, "ShardCount must be provided for a stream in PROVISIONED mode.")

    /// Warm throughput was asked for, which no stream of ours has (the text is ours).
    public static let warmThroughputUnavailable = ServiceError(
        .validation,
        "WarmThroughputMiBps needs an account with a minimum throughput billing commitment.")

    /// More streams are being created than may be at once. Terraform's provider looks for
    /// "simultaneously be in CREATING or DELETING" and tries again; the rest of the text is ours.
    public static func tooManyStreamsCreating(limit: Int) -> ServiceError {
        ServiceError(
            .limitExceeded,
            "This request would exceed the limit of \(limit) streams that can simultaneously be in "
                + "CREATING or DELETING.")
    }

    /// The account's shards would be more than its quota.
    public static func shardQuotaExceeded(
        account: String, region: String, current: Int, limit: Int, additional: Int
    ) -> ServiceError {
        ServiceError(
            .limitExceeded,
            "This request would exceed the shard limit for the account \(account) in \(region). "
                + "Current shard count for the account: \(current). Limit: \(limit). "
                + "Number of additional shards that would have resulted from this request: "
                + "\(additional). Refer to the AWS Service Limits page "
                + "(http://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) "
                + "for current limits and how to request higher limits.")
    }

    /// The account's on-demand streams would be more than its quota.
    public static func onDemandQuotaExceeded(
        account: String, region: String, current: Int, limit: Int
    ) -> ServiceError {
        ServiceError(
            .limitExceeded,
            "This request would exceed the limit on the number of On-Demand streams for the "
                + "account \(account) in \(region). Current On-Demand streams count: \(current). "
                + "Limit: \(limit).")
    }

    /// The stream has consumers and the request does not say that they may go too.
    public static func streamHasConsumers(name: String, account: String) -> ServiceError {
        ServiceError(
            .resourceInUse,
            "DeleteStream can't delete \(account):\(name) because there are consumers associated "
                + "with this data stream. To delete \(name) anyway, set the "
                + "EnforceConsumerDeletion parameter to true.")
    }

    /// Resharding by hand was asked of a stream in on-demand mode.
    public static func streamIsOnDemand(name: String, account: String) -> ServiceError {
        ServiceError(
            .validation,
            "Request is invalid. Stream \(name) under account \(account) is in On-Demand mode.")
    }
}
