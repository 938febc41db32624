import Catalog
import Kinesis

/// EnableEnhancedMonitoring and DisableEnhancedMonitoring: which of a shard's numbers are shown.
extension ReactorGateway {
    func enableMonitoring(
        _ request: Request, _ input: EnableEnhancedMonitoring.Input
    ) throws(ServiceError) {
        try monitor(request, try request.stream(input.stream), .enableMetrics(input.metrics))
    }

    func disableMonitoring(
        _ request: Request, _ input: DisableEnhancedMonitoring.Input
    ) throws(ServiceError) {
        try monitor(request, try request.stream(input.stream), .disableMetrics(input.metrics))
    }

    private func monitor(
        _ request: Request, _ stream: StreamState, _ update: StreamUpdate
    ) throws(ServiceError) {
        let encoding = request.encoding
        try submit(request, .updateStream(stream.key, update)) { result in
            guard case .metricsChanged(let before, let after) = result else { return [] }
            return MonitoringOutput(stream: stream.arn, current: before, desired: after)
                .encoded(encoding)
        }
    }
}
