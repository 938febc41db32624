/// Where a stream is in its life (the model's `StreamStatus`).
public enum StreamStatus: String, Sendable, Hashable, CaseIterable {
    case creating = "CREATING"
    case deleting = "DELETING"
    case active = "ACTIVE"
    case updating = "UPDATING"
}

/// Who decides how many shards a stream has (the model's `StreamMode`).
public enum StreamMode: String, Sendable, Hashable, CaseIterable {
    case provisioned = "PROVISIONED"
    case onDemand = "ON_DEMAND"
}

/// Where a consumer is in its life (the model's `ConsumerStatus`).
public enum ConsumerStatus: String, Sendable, Hashable, CaseIterable {
    case creating = "CREATING"
    case deleting = "DELETING"
    case active = "ACTIVE"
}

/// Who decides which shard a record goes to (the model's `RecordDistributionStrategy`).
public enum RecordDistributionStrategy: String, Sendable, Hashable, CaseIterable {
    /// The service spreads records evenly over the open shards and looks at no key.
    case auto = "AUTO"
    /// The hash of the partition key, or the explicit hash key.
    case userPartitionKey = "USER_PARTITION_KEY"
}
