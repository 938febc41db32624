import Catalog
import Kinesis

/// Operations that change what a stream is set to. The rules that need its state are the catalog's.
enum SettingOperations {
    static func increaseStreamRetentionPeriod(
        _ context: OperationContext, _ stream: StreamState,
        _ input: IncreaseStreamRetentionPeriod.Input
    ) throws(ServiceError) {
        try context.submit(
            .updateStream(stream.key, .increaseRetention(hours: UInt32(input.hours))))
    }

    static func decreaseStreamRetentionPeriod(
        _ context: OperationContext, _ stream: StreamState,
        _ input: DecreaseStreamRetentionPeriod.Input
    ) throws(ServiceError) {
        try context.submit(
            .updateStream(stream.key, .decreaseRetention(hours: UInt32(input.hours))))
    }

    static func updateMaxRecordSize(
        _ context: OperationContext, _ stream: StreamState, _ input: UpdateMaxRecordSize.Input
    ) throws(ServiceError) {
        try context.submit(
            .updateStream(stream.key, .maxRecordSize(kiB: UInt32(input.maxRecordKiB))))
    }

    static func updateStreamRecordDistributionStrategy(
        _ context: OperationContext, _ stream: StreamState,
        _ input: UpdateStreamRecordDistributionStrategy.Input
    ) throws(ServiceError) {
        try context.submit(.updateStream(stream.key, .distribution(input.strategy)))
    }

    static func updateStreamMode(
        _ context: OperationContext, _ stream: StreamState, _ input: UpdateStreamMode.Input
    ) throws(ServiceError) {
        try context.checkChangesOfDay(.updateStreamMode, of: stream)
        let update = StreamUpdate.mode(input.mode, warmMiBps: input.warmMiBps.map { UInt32($0) })
        try context.submit(
            .updateStream(stream.key, update),
            answer: { _ in
                context.countChangeOfDay(.updateStreamMode, of: stream)
                return []
            })
    }

    static func updateStreamWarmThroughput(
        _ context: OperationContext, _ stream: StreamState,
        _ input: UpdateStreamWarmThroughput.Input
    ) throws(ServiceError) {
        let encoding = context.encoding
        let change = CatalogChange.updateStream(
            stream.key, .warmThroughput(miBps: UInt32(input.warmMiBps)))
        try context.submit(
            change,
            answer: { result in
                guard case .warmThroughput(let current, let target) = result else { return [] }
                return UpdateStreamWarmThroughput.Output(
                    stream: stream.arn,
                    throughput: WarmThroughput(target: target, current: current)
                ).encoded(encoding)
            })
    }

    // MARK: Which of a shard's numbers are shown

    static func enableEnhancedMonitoring(
        _ context: OperationContext, _ stream: StreamState,
        _ input: EnableEnhancedMonitoring.Input
    ) throws(ServiceError) {
        try monitor(stream, .enableMetrics(input.metrics), context)
    }

    static func disableEnhancedMonitoring(
        _ context: OperationContext, _ stream: StreamState,
        _ input: DisableEnhancedMonitoring.Input
    ) throws(ServiceError) {
        try monitor(stream, .disableMetrics(input.metrics), context)
    }

    private static func monitor(
        _ stream: StreamState, _ update: StreamUpdate, _ context: OperationContext
    ) throws(ServiceError) {
        let encoding = context.encoding
        try context.submit(
            .updateStream(stream.key, update),
            answer: { result in
                guard case .metricsChanged(let before, let after) = result else { return [] }
                return MonitoringOutput(stream: stream.arn, current: before, desired: after)
                    .encoded(encoding)
            })
    }

    // MARK: Encryption

    /// The stream, once the key is one that a stream could be encrypted with.
    static func encryptable(
        _ context: OperationContext, _ input: StartStreamEncryption.Input
    ) throws(ServiceError) -> Found<StreamState> {
        guard input.isKMS else { throw .encryptionTypeNone }
        return try context.find(input.stream)
    }

    /// Records are stored in clear, and no answer says otherwise: a start is refused when
    /// everything else about it is right.
    static func startStreamEncryption(
        _ context: OperationContext, _ stream: StreamState, _ input: StartStreamEncryption.Input
    ) throws(ServiceError) {
        try stream.checkActive()
        throw .encryptionUnavailable
    }

    static func stopStreamEncryption(
        _ context: OperationContext, _ stream: StreamState, _ input: StopStreamEncryption.Input
    ) throws(ServiceError) {
        try stream.checkActive()
        context.succeed([])
    }
}
