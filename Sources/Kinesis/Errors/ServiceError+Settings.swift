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

    /// More changes of a kind than a stream can have in 24 hours (the text is ours).
    public static func tooManyChangesOfDay(
        _ operation: KinesisOperation, stream: String, account: String
    ) -> ServiceError {
        ServiceError(
            .limitExceeded,
            "\(operation.name) was called too often for stream \(stream) under account "
                + "\(account) in the last 24 hours.")
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

/// Errors about tags. The texts are AWS's unless they say otherwise.
extension ServiceError {
    private static let tagCharacterList =
        "Unicode letters, digits, white space, _ . / = + - % @."

    private static let allowedTagCharacters =
        "The allowed characters are Unicode letters, white-spaces, '_',',','/','=','+','-','@'."

    /// A tag has a character that no tag can have.
    static let tagCharacters = ServiceError(
        .invalidArgument,
        "Some tags contain invalid characters. Valid characters: \(tagCharacterList)")

    /// A tag has the one character that is listed as valid and is not.
    public static func tagsIllegal(stream: String, account: String) -> ServiceError {
        ServiceError(
            .invalidArgument,
            "Failed to add tags to stream \(stream) under account \(account) because some tags "
                + "contained illegal characters. \(allowedTagCharacters)")
    }

    /// The same for keys of tags that are to be removed.
    public static func tagKeysIllegal(stream: String, account: String) -> ServiceError {
        ServiceError(
            .invalidArgument,
            "Failed to remove tags from stream \(stream) under account \(account) because some "
                + "tags contained illegal characters. \(allowedTagCharacters)")
    }

    /// A key in AWS's own name space (the text is ours).
    static func reservedTagKey(_ key: String) -> ServiceError {
        ServiceError(
            .invalidArgument,
            "Tag key \(quotable(key)) is reserved: keys that begin with aws: cannot be set.")
    }

    /// A retention below the least.
    public static func retentionTooShort(_ hours: Int) -> ServiceError {
        ServiceError(
            .invalidArgument,
            "Minimum allowed retention period is 24 hours. Requested retention period "
                + "(\(hours) hours) is too short.")
    }

    /// A retention above the greatest.
    public static func retentionTooLong(_ hours: Int) -> ServiceError {
        ServiceError(
            .invalidArgument,
            "Maximum allowed retention period is 8760 hours. Requested retention period "
                + "(\(hours) hours) is too long.")
    }

    /// StartStreamEncryption with the type that means none (the text is ours).
    public static let encryptionTypeNone = ServiceError(
        .invalidArgument, "EncryptionType must be KMS to start the encryption of a stream.")

    /// Encryption at rest was asked for, which the log does not have (the text is ours).
    public static let encryptionUnavailable = ServiceError(
        .kmsOptInRequired,
        "This server stores records in clear and has no keys to encrypt them with. Put its data "
            + "folder on an encrypted file system instead.")
}

/// Errors about resource policies. The texts are ours.
extension ServiceError {
    /// A text that is no resource policy, or none for its resource.
    public static func malformedPolicy(_ why: String) -> ServiceError {
        ServiceError(.invalidArgument, "The policy is malformed. \(why).")
    }
}
