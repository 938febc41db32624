import Access
import Catalog
import Kinesis

/// Operations that change what a stream is set to. The rules that need its state are the catalog's.
extension ReactorGateway {
    func increaseRetention(
        _ request: Request, _ input: IncreaseStreamRetentionPeriod.Input
    ) throws(ServiceError) {
        try update(request, input.stream, .increaseRetention(hours: UInt32(input.hours)))
    }

    func decreaseRetention(
        _ request: Request, _ input: DecreaseStreamRetentionPeriod.Input
    ) throws(ServiceError) {
        try update(request, input.stream, .decreaseRetention(hours: UInt32(input.hours)))
    }

    func updateMaxRecordSize(
        _ request: Request, _ input: UpdateMaxRecordSize.Input
    ) throws(ServiceError) {
        try update(
            request, StreamSelector(arn: input.stream),
            .maxRecordSize(kiB: UInt32(input.maxRecordKiB)))
    }

    func updateDistribution(
        _ request: Request, _ input: UpdateStreamRecordDistributionStrategy.Input
    ) throws(ServiceError) {
        try update(request, StreamSelector(arn: input.stream), .distribution(input.strategy))
    }

    func updateStreamMode(
        _ request: Request, _ input: UpdateStreamMode.Input
    ) throws(ServiceError) {
        let stream = try request.stream(StreamSelector(arn: input.stream))
        try checkChangesOfDay(.updateStreamMode, of: stream)
        let update = StreamUpdate.mode(input.mode, warmMiBps: input.warmMiBps.map { UInt32($0) })
        try submit(request, .updateStream(stream.key, update)) { [unowned self] _ in
            countChangeOfDay(.updateStreamMode, of: stream)
            return []
        }
    }

    func updateWarmThroughput(
        _ request: Request, _ input: UpdateStreamWarmThroughput.Input
    ) throws(ServiceError) {
        let stream = try request.stream(input.stream)
        let encoding = request.encoding
        let change = CatalogChange.updateStream(
            stream.key, .warmThroughput(miBps: UInt32(input.warmMiBps)))
        try submit(request, change) { result in
            guard case .warmThroughput(let current, let target) = result else { return [] }
            return UpdateStreamWarmThroughput.Output(
                stream: stream.arn,
                throughput: WarmThroughput(target: target, current: current)
            ).encoded(encoding)
        }
    }

    func updateShardCount(
        _ request: Request, _ input: UpdateShardCount.Input
    ) throws(ServiceError) {
        let stream = try request.stream(input.stream)
        try checkChangesOfDay(.updateShardCount, of: stream)
        let encoding = request.encoding
        let change = CatalogChange.updateStream(
            stream.key, .shardCount(input.targetShardCount))
        try submit(request, change) { [unowned self] result in
            guard case .resharding(let current, let target) = result else { return [] }
            countChangeOfDay(.updateShardCount, of: stream)
            return UpdateShardCount.Output(
                stream: stream.arn, currentShardCount: current, targetShardCount: target
            ).encoded(encoding)
        }
    }

    private func update(
        _ request: Request, _ selector: StreamSelector, _ update: StreamUpdate
    ) throws(ServiceError) {
        try submit(request, .updateStream(try request.stream(selector).key, update))
    }
}
