import Kinesis
import Reactor
import Synchronization
import System
import TLS
import Wire

/// A client of Weir, or of another service that speaks Kinesis over HTTP/2.
///
/// One thread of its own carries all connections; any number of tasks use the client at once. Calls
/// that the service throttles, and reads and puts whose answer was lost, are tried again as the
/// configuration's `RetryPolicy` says; so a record may be put twice, as with every Kinesis client.
/// A server that has answered once and cannot be reached now is taken to come back.
public final class WeirClient: Sendable {
    public let configuration: ClientConfiguration
    private let queue = CommandQueue()
    private let thread: ReactorThread
    private let numbers = Atomic<UInt64>(0)
    private let hasAnswered = Atomic<Bool>(false)

    /// Starts the client's thread; a connection is made when it is needed. Asks the resolver for
    /// the endpoint's name and may wait for the network.
    ///
    /// Throws `unreachable` for a name without an address and `configuration` for certificates
    /// that cannot be read.
    public init(_ configuration: ClientConfiguration) throws(ClientError) {
        self.configuration = configuration
        let prepared = try ClientContext.prepare(configuration)
        let addresses = prepared.addresses
        let queue = queue
        let tls = prepared.tls
        do throws(SystemError) {
            thread = try Reactor.start(index: 0) { reactor in
                let context = ClientContext(
                    reactor: reactor, endpoint: configuration.endpoint, addresses: addresses,
                    tls: tls)
                let loop = ClientLoop(context: context, configuration: configuration)
                reactor.onWake { queue.run(on: loop) }
            }
        } catch {
            throw .configuration("\(error)")
        }
    }

    deinit { close() }

    /// Ends the client: calls and subscriptions that are open fail with `closed`. Waits until its
    /// thread has ended; a second call does nothing.
    public func close() {
        let isFirst = queue.close { loop in
            loop.shutDown()
            let reactor = loop.context.reactor
            // The end of this turn writes what says farewell to the server.
            reactor.stop()
        }
        guard isFirst else { return }
        thread.waker.wake()
        thread.join()
    }

    /// Runs a command on the client's thread; false if the client is closed.
    func post(_ command: @escaping CommandQueue.Command) -> Bool {
        guard queue.post(command) else { return false }
        thread.waker.wake()
        return true
    }

    /// A number that this client has not given out before.
    func nextNumber() -> UInt64 {
        numbers.wrappingAdd(1, ordering: .relaxed).newValue
    }

    // Calls

    /// Calls an operation and tries again as the policy says. `isRepeatable` tells whether a call
    /// whose answer was lost may be sent again.
    func call(
        _ operation: Operation, isRepeatable: Bool,
        _ members: (inout ResponseWriter) -> Void
    ) async throws(ClientError) -> Document {
        let body = RequestBody.make(configuration.encoding, members)
        return try await call(operation, isRepeatable: isRepeatable, body: body)
    }

    func call(
        _ operation: Operation, isRepeatable: Bool, body: [UInt8]
    ) async throws(ClientError) -> Document {
        var failures = 0
        while true {
            do throws(ClientError) {
                return try await send(operation, body).document()
            } catch {
                failures += 1
                let isWorthIt =
                    error.isThrottling || isRepeatable && error.isTransient
                    || error.isUnreachable && hasAnswered.load(ordering: .relaxed)
                guard isWorthIt, failures < configuration.retry.attempts else { throw error }
                try await pause(afterFailures: failures)
            }
        }
    }

    func pause(afterFailures failures: Int) async throws(ClientError) {
        let milliseconds = configuration.retry.milliseconds(
            afterFailures: failures, fraction: Double.random(in: 0...1))
        try await pause(milliseconds: milliseconds)
    }

    func pause(milliseconds: Int) async throws(ClientError) {
        do {
            try await Task.sleep(for: .milliseconds(milliseconds))
        } catch {
            throw .cancelled
        }
    }

    private func send(_ operation: Operation, _ body: [UInt8]) async throws(ClientError) -> Reply {
        let number = nextNumber()
        let fields = RequestFields.make(
            operation, encoding: configuration.encoding, region: configuration.region,
            accessKeyID: configuration.accessKeyID)
        let seconds =
            configuration.callSeconds
            + Double(body.count) / Double(Limits.slowestBytesPerSecond)
        let nanoseconds = UInt64(seconds * 1_000_000_000)
        let result: Result<Reply, ClientError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isPosted = post { loop in
                    let call = WholeCall(fields: fields, body: body) { result in
                        loop.calls[number] = nil
                        continuation.resume(returning: result)
                    }
                    loop.calls[number] = call
                    call.limit(to: nanoseconds, on: loop.context.reactor)
                    loop.submit(call)
                }
                if !isPosted { continuation.resume(returning: .failure(.closed)) }
                // A task that was cancelled before found no call to cancel.
                if Task.isCancelled { cancelCall(number) }
            }
        } onCancel: {
            cancelCall(number)
        }
        if case .success = result { hasAnswered.store(true, ordering: .relaxed) }
        return try result.get()
    }
}

extension WeirClient {
    fileprivate func cancelCall(_ number: UInt64) {
        _ = post { loop in loop.calls[number]?.cancel() }
    }
}
