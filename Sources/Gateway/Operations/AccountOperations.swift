import Access
import Catalog
import Kinesis

/// What an account has, may have, and has committed itself to.
extension ReactorGateway {
    func describeLimits(_ request: Request, _ input: DescribeLimits.Input) {
        let census = snapshot.census(
            account: request.caller.account, region: request.caller.region)
        let quotas = node.settings.quotas
        request.succeed(
            DescribeLimits.Output(
                shardLimit: quotas.shards ?? Quotas.reportedShards,
                openShardCount: census.openShards,
                onDemandStreamCount: census.onDemandStreams,
                onDemandStreamCountLimit: quotas.onDemandStreams
                    ?? Quotas.reportedOnDemandStreams
            ).encoded(request.encoding))
    }

    func describeAccountSettings(_ request: Request, _ input: DescribeAccountSettings.Input) {
        let commitment = snapshot.commitment(account: request.caller.account)
        request.succeed(settings(commitment).encoded(request.encoding))
    }

    func updateAccountSettings(
        _ request: Request, _ input: UpdateAccountSettings.Input
    ) throws(ServiceError) {
        let encoding = request.encoding
        let change = CatalogChange.updateCommitment(
            account: request.caller.account, isEnabled: input.isEnabled)
        try submit(request, change) { [unowned self] result in
            guard case .commitmentChanged(let commitment) = result else { return [] }
            return settings(commitment).encoded(encoding)
        }
    }

    private func settings(_ commitment: Commitment) -> AccountSettingsOutput {
        let second = UInt64(max(0, presentMilliseconds)) / 1000
        let status = commitment.status(at: second)
        return AccountSettingsOutput(
            status: status.rawValue, startedSecond: commitment.startedSecond,
            endedSecond: status == .disabled ? commitment.endSecond : nil,
            earliestEndSecond: commitment.earliestEndSecond(at: second))
    }
}
