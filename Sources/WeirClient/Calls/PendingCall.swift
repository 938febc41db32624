import HTTP
import Reactor
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
    /// Why the caller has given the call up.
    private var reasonToStop: ClientError?
    var isAbandoned: Bool { reasonToStop != nil }
    private let completion: (Result<Reply, ClientError>) -> Void
    private var clock: (timer: Timer, reactor: Reactor)?
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
    func cancel() { stop(.cancelled) }

    /// Gives the call up as lost unless it has completed when the time is over.
    func limit(to nanoseconds: UInt64, on reactor: Reactor) {
        let timer = Timer { [weak self] in
            self?.stop(.lost("no answer within \(nanoseconds / 1_000_000_000) s"))
        }
        clock = (timer, reactor)
        reactor.schedule(timer, at: reactor.now &+ nanoseconds)
    }

    private func stop(_ reason: ClientError) {
        if reasonToStop == nil { reasonToStop = reason }
        call?.cancel()
        connection?.needsOutput()
    }

    private func complete(_ result: Result<Reply, ClientError>) {
        if let clock { clock.reactor.cancel(clock.timer) }
        clock = nil
        completion(result)
    }

    func submitted(_ call: ClientCall, on connection: ClientConnection) {
        self.call = call
        self.connection = connection
    }

    func failed(_ error: ClientError) { complete(.failure(reasonToStop ?? error)) }

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
        if let failure { return complete(.failure(failure)) }
        guard reason == .complete else {
            let error = ClientError(closing: reason, on: connection)
            return complete(.failure(reasonToStop ?? error))
        }
        let reply = Reply(
            status: call.status, encoding: Reply.encoding(of: call), body: answer)
        complete(.success(reply))
    }
}
