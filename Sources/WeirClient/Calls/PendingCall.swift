import HTTP
import Wire

/// A call that waits for a connection or for its answer; lives on the reactor.
protocol PendingCall: ResponseReceiver {
    var fields: FieldList { get }
    var body: [UInt8] { get }
    /// The caller has given it up before it was submitted.
    var isAbandoned: Bool { get }
    /// It is on its way.
    func submitted(_ call: ClientCall, on connection: ClientConnection)
    /// It never will be.
    func failed(_ error: ClientError)
}

/// A call whose answer is taken as a whole.
final class WholeCall: PendingCall {
    let fields: FieldList
    let body: [UInt8]
    private(set) var isAbandoned = false
    private let completion: (Result<Reply, ClientError>) -> Void
    private weak var connection: ClientConnection?
    private var call: ClientCall?
    private var answer: [UInt8] = []
    private var failure: ClientError?

    /// `completion` is called exactly once, on the reactor's thread.
    init(
        fields: FieldList, body: [UInt8], completion: @escaping (Result<Reply, ClientError>) -> Void
    ) {
        self.fields = fields
        self.body = body
        self.completion = completion
    }

    /// Gives the call up; it completes with `cancelled`.
    func cancel() {
        isAbandoned = true
        call?.cancel()
        connection?.needsOutput()
    }

    func submitted(_ call: ClientCall, on connection: ClientConnection) {
        self.call = call
        self.connection = connection
    }

    func failed(_ error: ClientError) { completion(.failure(error)) }

    func responseBegan(_ call: ClientCall) {}

    func responseBody(_ call: ClientCall, _ bytes: Span<UInt8>) {
        call.consumed(bytes.count)
        guard failure == nil else { return }
        guard answer.count + bytes.count <= Limits.replyBytes else {
            failure = .response("longer than \(Limits.replyBytes) bytes")
            return call.cancel()
        }
        answer.append(copying: bytes)
    }

    func callClosed(_ call: ClientCall, _ reason: ExchangeEnd) {
        self.call = nil
        if let failure { return completion(.failure(failure)) }
        guard reason == .complete else {
            let error = ClientError(closing: reason, on: connection)
            return completion(.failure(isAbandoned ? .cancelled : error))
        }
        let reply = Reply(
            status: call.status, encoding: Reply.encoding(of: call), body: answer)
        completion(.success(reply))
    }
}
