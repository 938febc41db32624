public import HTTP
import Wire

/// Reads the answer to SubscribeToShard: events as they come, then how it ended.
///
/// For a session that does not return credit by itself: bytes are credited when `taken` says that
/// an event was used. Meanwhile the server sends no more than the stream's window, so that what
/// waits is bounded by the window and one event.
public final class EventStreamReader: ResponseReceiver {
    /// How a subscription ended.
    public enum End: Sendable, Hashable {
        /// Orderly, as it does after five minutes or behind the end of a shard.
        case complete
        /// Before the stream began: an answer with an error.
        case refused(ClientError)
        /// Within the stream, by an exception.
        case exception(ClientError)
        /// The connection was lost, or the stream is not one.
        case lost(ClientError)
    }

    private let onEvent: (_ payload: [UInt8], _ bytes: Int) -> Void
    private let onEnd: (End) -> Void
    private var decoder = EventStreamDecoder()
    private var refusal: [UInt8] = []
    private var call: ClientCall?
    private var end: End?
    private(set) var isCancelled = false
    private weak var connection: ClientConnection?
    /// Events that were given to `onEvent` and not taken.
    private var untaken = 0
    /// Bytes of the message being received for which credit was returned early.
    private var creditedAhead = 0
    /// Messages are being cut: what is pending is more than the message being received.
    private var isCutting = false

    /// - Parameters:
    ///   - onEvent: Called with the JSON payload of each event, and the number to give to `taken`
    ///     when it was used.
    ///   - onEnd: Called once, last.
    public init(
        onEvent: @escaping (_ payload: [UInt8], _ bytes: Int) -> Void,
        onEnd: @escaping (End) -> Void
    ) {
        self.onEvent = onEvent
        self.onEnd = onEnd
    }

    /// The call that this reads, once it was submitted on `connection`.
    public func reads(_ call: ClientCall, on connection: ClientConnection) {
        self.call = call
        self.connection = connection
    }

    /// Returns the credit of an event that was used.
    public func taken(_ bytes: Int) {
        untaken -= 1
        precondition(untaken >= 0, "an event is taken once")
        guard let call, !call.isClosed else { return }
        call.consumed(bytes)
        if untaken == 0, !isCutting { creditUnfinished(call) }
        connection?.needsOutput()
    }

    /// Ends the subscription from here; `onEnd` follows.
    public func cancel() {
        isCancelled = true
        call?.cancel()
        connection?.needsOutput()
    }

    /// The call was never submitted.
    func failed(_ error: ClientError) { onEnd(.lost(error)) }

    public func responseBegan(_ call: ClientCall) {}

    public func responseBody(_ call: ClientCall, _ bytes: Span<UInt8>) {
        guard call.status == 200, end == nil else {
            call.consumed(bytes.count)
            if end == nil, refusal.count + bytes.count <= Limits.refusalBytes {
                refusal.append(copying: bytes)
            }
            return
        }
        decoder.append(bytes)
        isCutting = true
        do throws(EventStreamDecoder.Fault) {
            while true {
                let before = decoder.pendingCount
                guard let message = try decoder.next() else { break }
                let bytes = before - decoder.pendingCount - creditedAhead
                creditedAhead = 0
                receive(message, bytes, call)
            }
            isCutting = false
        } catch {
            end = .lost(.response("not an event stream: \(error)"))
            return call.cancel()
        }
        if untaken == 0 { creditUnfinished(call) }
    }

    /// An event may be longer than the window. While nothing else waits, its bytes are credited as
    /// they come.
    private func creditUnfinished(_ call: ClientCall) {
        let count = decoder.pendingCount - creditedAhead
        guard count > 0, !call.isClosed else { return }
        call.consumed(count)
        creditedAhead += count
    }

    private func receive(_ message: EventStreamMessage, _ bytes: Int, _ call: ClientCall) {
        switch message.text(":message-type") {
        case "event":
            guard message.text(":event-type") == "SubscribeToShardEvent", end == nil else { break }
            untaken += 1
            return onEvent(message.payload, bytes)
        case "exception":
            let document = try? Document(message.payload, .json)
            end = .exception(
                .service(
                    code: message.text(":exception-type") ?? "Exception",
                    message: document?["message"]?.text ?? document?["Message"]?.text,
                    status: 200))
        case "error":
            end = .exception(
                .service(
                    code: message.text(":error-code") ?? "Error",
                    message: message.text(":error-message"), status: 200))
        default: break
        }
        call.consumed(bytes)
    }

    public func callClosed(_ call: ClientCall, _ reason: ExchangeEnd) {
        self.call = nil
        if let end {
            onEnd(end)
        } else if reason != .complete {
            onEnd(.lost(ClientError(closing: reason, on: connection)))
        } else if call.status != 200 {
            onEnd(
                .refused(
                    Reply.refusal(status: call.status, refusal, Reply.encoding(of: call))))
        } else if decoder.pendingCount > 0 {
            onEnd(.lost(.response("the last event is incomplete")))
        } else {
            onEnd(.complete)
        }
    }
}
