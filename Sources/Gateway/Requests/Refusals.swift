import Catalog
import Kinesis

extension ServiceError {
    /// What a client is told when the catalog refuses a change; one answer for each reason.
    init(_ refusal: CatalogRefusal) {
        switch refusal {
        case .refusing(let reason):
            self = ServiceError(.internalFailureException, "The server takes no writes: \(reason)")
        case .streamExists(let key):
            self = .streamExists(name: key.name, account: key.account)
        case .streamNotFound(let key):
            self = .streamNotFound(name: key.name, account: key.account)
        case .streamNotActive(let key, let status):
            self = .streamNotActive(name: key.name, account: key.account, status: status)
        case .shardCountMissing:
            self = .shardCountMissing
        case .shardCountOutOfRange(let key, let requested, let limit):
            self = .shardQuotaExceeded(
                account: key.account, region: key.region, current: 0, limit: limit,
                additional: requested)
        case .recordSizeOutOfRange(_, let requested):
            self = ServiceError(
                .validation,
                """
                1 validation error detected: Value '\(requested)' at 'maxRecordSizeInKiB' failed to \
                satisfy constraint: Member must have value less than or equal to \
                \(CatalogLimits.largestRecordKiB)
                """)
        case .tooManyTags(.stream(let key), _):
            self = .tooManyTags(stream: key.name, account: key.account)
        case .tooManyTags(.consumer(let key, let name), let limit):
            self = .tooManyTags(consumer: name, stream: key.name, limit: limit)
        case .shardLimit(let account, let region, _, let current, let limit, let additional):
            self = .shardQuotaExceeded(
                account: account, region: region, current: current, limit: limit,
                additional: additional)
        case .onDemandQuota(let key, let current, let limit):
            self = .onDemandQuotaExceeded(
                account: key.account, region: key.region, current: current, limit: limit)
        case .tooManyCreating(let limit):
            self = .tooManyStreamsCreating(limit: limit)
        case .retentionShorter(let key, let requested, let existing):
            self = .retentionShorter(
                stream: key.name, requested: Int(requested), existing: Int(existing))
        case .retentionLonger(let key, let requested, let existing):
            self = .retentionLonger(
                stream: key.name, requested: Int(requested), existing: Int(existing))
        case .resizeAboveDouble(_, let current, let target):
            self = .resizeAboveDouble(current: current, target: target)
        case .resizeBelowHalf(_, let current, let target):
            self = .resizeBelowHalf(current: current, target: target)
        case .resizeAboveLimit(_, let current, let target, let limit):
            self = .resizeAboveLimit(current: current, target: target, limit: limit)
        case .distributionNeedsOnDemand(let key):
            self = .distributionNeedsOnDemand(stream: key.name, account: key.account)
        case .warmThroughputNeedsOnDemand(let key):
            self = .warmThroughputNeedsOnDemand(stream: key.name, account: key.account)
        case .warmThroughputNeedsCommitment:
            self = .warmThroughputUnavailable
        case .warmThroughputOutOfRange(_, let requested, let limit):
            self = .warmThroughputOutOfRange(requested: Int(requested), limit: Int(limit))
        case .policyTooLong(let bytes, let limit):
            self = .policyTooLong(bytes: bytes, limit: limit)
        case .policyNotFound(let arn):
            self = .policyNotFound(arn: arn)
        case .streamHasConsumers(let key):
            self = .streamHasConsumers(name: key.name, account: key.account)
        case .streamIsOnDemand(let key):
            self = .streamIsOnDemand(name: key.name, account: key.account)
        case .streamIsProvisioned(let key):
            self = ServiceError(
                .validation,
                "Stream \(key.name) is not in On-Demand mode and does not scale itself.")
        case .shardNotFound(let key, let shard):
            self = .shardNotFound(
                shardID: shard.description, stream: key.name, account: key.account)
        case .shardClosed(let key, let shard):
            self = .shardIsClosed(
                shardID: shard.description, stream: key.name, account: key.account)
        case .hashKeyOutOfRange(let key, let shard, let hashKey, let range):
            self = .splitKeyOutOfRange(
                key: hashKey, shardID: shard.description, stream: key.name, account: key.account,
                range: range)
        case .shardsNotAdjacent(let key, let shard, let adjacent):
            self = .shardsNotAdjacent(
                shardID: shard.description, adjacentShardID: adjacent.description,
                stream: key.name, account: key.account)
        case .consumerExists(let key, let name):
            self = .consumerExists(name: name, stream: key.name, account: key.account)
        case .consumerNotFound(let key, let name):
            self = .consumerNotFound(name: name, account: key.account)
        case .consumerNotActive(let key, let name, let createdSecond):
            self = .consumerNotChangeable(
                name: name, createdSecond: createdSecond, stream: key.name, account: key.account)
        case .tooManyAccounts(let limit):
            self = ServiceError(
                .limitExceeded,
                "The server keeps settings of \(limit) accounts and has no room for another.")
        case .tooManyConsumers(let key, let limit):
            self = .tooManyConsumers(stream: key.name, account: key.account, limit: limit)
        case .tooManyConsumersCreating(let key, let limit):
            self = .tooManyConsumersCreating(
                stream: key.name, account: key.account, limit: limit)
        case .cursorNotFound:
            self = ServiceError(
                .resourceNotFound, "The consumer or the shard of this cursor is gone.")
        case .cursorLimit(let limit):
            self = ServiceError(
                .limitExceeded, "The server keeps \(limit) cursors and has no room for another.")
        case .secondsExhausted(let key):
            self = ServiceError(
                .limitExceeded,
                "No sequence numbers are left for new shards of stream \(key.name).")
        case .shardOpen(let key, let shard):
            self = ServiceError(
                .resourceInUse, "Shard \(shard) in stream \(key.name) still takes records.")
        case .incarnationNotFound:
            self = ServiceError(.resourceNotFound, "The stream or consumer is gone.")
        case .notInTransition:
            self = ServiceError(.resourceInUse, "The stream or consumer is not changing.")
        }
    }

    /// The drain has begun.
    static var goingDown: ServiceError {
        ServiceError(.serviceUnavailable, "The server is going down. Try again.")
    }
}
