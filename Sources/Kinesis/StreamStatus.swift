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
