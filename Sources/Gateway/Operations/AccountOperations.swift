import Access
import Catalog
import Kinesis

/// What an account has, may have, and has committed itself to.
enum AccountOperations {
    static func describeLimits(_ context: OperationContext, _ input: DescribeLimits.Input) {
        let usage = context.catalog.usage(
            account: context.caller.account, region: context.caller.region)
        let quotas = context.quotas
        // What CreateStream and SplitShard allow: the quota, and what the node has room for.
        let room = usage.openShards + CatalogLimits.shards - context.catalog.shardCount
        context.succeed(
            DescribeLimits.Output(
                shardLimit: min(quotas.shards ?? room, room),
                openShardCount: usage.openShards,
                onDemandStreamCount: usage.onDemandStreams,
                onDemandStreamCountLimit: quotas.onDemandStreams
                    ?? Quotas.reportedOnDemandStreams
            ).encoded(context.encoding))
    }

    static func describeAccountSettings(
        _ context: OperationContext, _ input: DescribeAccountSettings.Input
    ) {
        let commitment = context.catalog.commitment(account: context.caller.account)
        context.succeed(
            settings(commitment, at: context.presentSecond).encoded(context.encoding))
    }

    static func updateAccountSettings(
        _ context: OperationContext, _ input: UpdateAccountSettings.Input
    ) throws(ServiceError) {
        let change = CatalogChange.updateCommitment(
            account: context.caller.account, isEnabled: input.isEnabled)
        try context.submit(
            change,
            answer: { result in
                guard case .commitmentChanged(let commitment) = result else { return [] }
                return settings(commitment, at: context.presentSecond).encoded(context.encoding)
            })
    }

    private static func settings(
        _ commitment: Commitment, at second: UInt64
    ) -> AccountSettingsOutput {
        let status = commitment.status(at: second)
        return AccountSettingsOutput(
            status: status.rawValue, startedSecond: commitment.startedSecond,
            endedSecond: status == .disabled ? commitment.endSecond : nil,
            earliestEndSecond: commitment.earliestEndSecond(at: second))
    }
}
