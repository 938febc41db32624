import HTTP
import Kinesis
import Metrics
import Wire

/// From exchange to request: heads are looked at before a body is accepted, bodies are gathered
/// within the node's memory.
extension Connection: RequestHandler {
    func requestBegan(_ exchange: Exchange) {
        madeRequest()
        let request = Request(
            connection: self, exchange: exchange, caller: gateway.caller(of: exchange.head))
        exchange.attachment = request
        guard request.begin() else { return refuse(request) }
        if let length = exchange.head.contentLength, length > gateway.node.memory.largestBody {
            return tooLarge(request)
        }
        // A tunnel never ends its request (RFC 9110 §9.3.6), and there is none here.
        if exchange.head.method == .connect { complete(request) }
    }

    func requestBody(_ exchange: Exchange, _ bytes: Span<UInt8>) {
        // Credit goes back at once: what was admitted is received to its end.
        exchange.consumed(bytes.count)
        guard let request = exchange.attachment as? Request, !request.isAnswered else { return }
        guard request.bodyCount + bytes.count <= gateway.node.memory.largestBody else {
            return tooLarge(request)
        }
        if !request.receive(bytes) { refuse(request) }
    }

    func requestEnded(_ exchange: Exchange) {
        guard let request = exchange.attachment as? Request, !request.isAnswered else { return }
        complete(request)
    }

    private func complete(_ request: Request) {
        request.completedAt = gateway.clock.read()
        serve(request, at: request.completedAt)
    }

    func exchangeClosed(_ exchange: Exchange, _ reason: ExchangeEnd) {
        guard let request = exchange.attachment as? Request else { return }
        exchange.attachment = nil
        request.closed()
    }

    /// There is no memory for the request, or none for this peer.
    private func refuse(_ request: Request) {
        gateway.counters.bodyBudgetRefusals.add()
        if let type = request.exchange.head.field(.contentType),
            type.equals(Encoding.cbor.contentType)
        {
            request.encoding = .cbor
        }
        request.fail(.serviceUnavailable)
    }

    private func tooLarge(_ request: Request) {
        request.answer(status: 413, body: [], contentType: "text/plain")
    }
}
