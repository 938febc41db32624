/// Errors about consumers, subscriptions and cursors. Unless a text says otherwise it is ours: those
/// of AWS are not known.
extension ServiceError {
    /// Neither ConsumerARN nor StreamARN with ConsumerName.
    public static let consumerNotNamed = ServiceError(
        .invalidArgument,
        "Either ConsumerARN or both StreamARN and ConsumerName must be provided.")

    /// ConsumerARN, StreamARN and ConsumerName do not agree.
    public static func consumerConflict(arn: String) -> ServiceError {
        ServiceError(
            .invalidArgument,
            "ConsumerARN \(arn) does not agree with StreamARN and ConsumerName.")
    }

    /// No consumer of this name, or of this registration.
    public static func consumerNotFound(name: String, account: String) -> ServiceError {
        ServiceError(.resourceNotFound, "Consumer \(name), account \(account) not found.")
    }

    /// The stream has a consumer of this name.
    public static func consumerExists(
        name: String, stream: String, account: String
    ) -> ServiceError {
        ServiceError(
            .resourceInUse,
            "Consumer \(name) under stream \(stream) already exists for account \(account).")
    }

    /// The stream has as many consumers as it may have.
    public static func tooManyConsumers(
        stream: String, account: String, limit: Int
    ) -> ServiceError {
        ServiceError(
            .limitExceeded,
            "Stream \(stream) under account \(account) cannot have more than \(limit) consumers.")
    }

    /// Too many consumers of the stream are being registered.
    public static func tooManyConsumersCreating(
        stream: String, account: String, limit: Int
    ) -> ServiceError {
        ServiceError(
            .limitExceeded,
            "Stream \(stream) under account \(account) cannot have more than \(limit) consumers "
                + "in state CREATING.")
    }

    /// Subscribing with a consumer that is still being registered, or is going. The text is AWS's,
    /// spaces included.
    public static func consumerNotActive(
        name: String, createdSecond: UInt64, stream: String, account: String
    ) -> ServiceError {
        ServiceError(
            .resourceInUse,
            "Consumer \(name) with creation timestamp \(createdSecond) under stream \(stream) , "
                + "account \(account) is not in ACTIVE status.")
    }

    /// Changing a consumer that is still being registered, or is going. The text is AWS's for its
    /// resource policy.
    public static func consumerNotChangeable(
        name: String, createdSecond: UInt64, stream: String, account: String
    ) -> ServiceError {
        ServiceError(
            .resourceInUse,
            "Consumer \(name) with creation timestamp \(createdSecond) under stream \(stream) and "
                + "account \(account) is not in ACTIVE status.")
    }

    /// Another subscription holds the consumer's place in this shard, and is younger than five
    /// seconds. Also what the older one is told when a newer takes its place. The text is AWS's.
    public static func subscriptionExists(
        account: String, stream: String, shardID: String, consumer: String
    ) -> ServiceError {
        ServiceError(
            .resourceInUse,
            "Another active subscription exists for this consumer: "
                + "\(account):\(stream):\(shardID):\(consumer)")
    }

    /// More than one SubscribeToShard a second for a consumer and shard.
    public static func subscribeRateExceeded(consumer: String, shardID: String) -> ServiceError {
        ServiceError(
            .limitExceeded,
            "Rate exceeded for consumer \(consumer) and shard \(shardID).")
    }

    /// A start at a sequence number without the number, or another start with one.
    public static func startingPositionNumber(type: String, isMissing: Bool) -> ServiceError {
        isMissing ? sequenceNumberMissing(type: type) : sequenceNumberNotWanted(type: type)
    }

    /// A cursor beyond what the shard has given out.
    public static func cursorAhead(_ number: String, shardID: String) -> ServiceError {
        ServiceError(
            .invalidArgument,
            "SequenceNumber \(number) is beyond the last that shard \(shardID) has given out.")
    }

    /// ListCursors without a stream and without a consumer.
    public static let listCursorsNeedsStream = ServiceError(
        .invalidArgument, "Either ConsumerARN, StreamARN or StreamName must be provided.")
}
