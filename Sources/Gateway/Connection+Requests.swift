import HTTP
import Kinesis
import Synchronization
import Wire

/// From exchange to request: heads are looked at before a body is accepted, bodies are gathered
/// within the node's memory.
extension Connection: RequestHandler {
    func requestBegan(_ exchange: Exchange) {
        madeRequest()
        let request = Request(
            connection: self, exchange: exchange, caller: worker.caller(of: exchange.head))
        exchange.attachment = request
        if let length = exchange.head.contentLength {
            guard length <= Limits.bodyBytes else { return tooLarge(request) }
            guard reserve(length, request) else { return }
            request.body.reserveCapacity(length)
        }
    }

    func requestBody(_ exchange: Exchange, _ bytes: Span<UInt8>) {
        // Credit goes back at once: what was admitted is received to its end.
        exchange.consumed(bytes.count)
        guard let request = exchange.attachment as? Request, !request.isAnswered else { return }
        let length = request.body.count + bytes.count
        guard length <= Limits.bodyBytes else { return tooLarge(request) }
        if length > request.reserved {
            let step = max(length - request.reserved, Limits.bodyStep)
            guard reserve(step, request) else { return }
        }
        request.body.append(copying: bytes)
    }

    func requestEnded(_ exchange: Exchange) {
        guard let request = exchange.attachment as? Request, !request.isAnswered else { return }
        request.completedAt = worker.monotonicNow()
        worker.route(request)
    }

    func exchangeClosed(_ exchange: Exchange, _ reason: ExchangeEnd) {
        guard let request = exchange.attachment as? Request else { return }
        exchange.attachment = nil
        request.closed()
    }

    private func reserve(_ count: Int, _ request: Request) -> Bool {
        if worker.node.bodies.reserve(count) {
            request.reserved += count
            return true
        }
        worker.counters.bodyBudgetRefusals.wrappingAdd(1, ordering: .relaxed)
        if let type = request.exchange.head.field(.contentType),
            type.equals(Encoding.cbor.contentType)
        {
            request.encoding = .cbor
        }
        request.fail(.serviceUnavailable)
        return false
    }

    private func tooLarge(_ request: Request) {
        request.answer(status: 413, body: [], contentType: "text/plain")
    }
}
