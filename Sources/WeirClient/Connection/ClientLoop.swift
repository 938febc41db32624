import HTTP
import Kinesis
import Reactor
import TLS

/// The reactor's side of a client: its connections, and what waits for one.
final class ClientLoop {
    let context: ClientContext
    let configuration: ClientConfiguration
    private var connections: [ClientConnection] = []
    private var waiting: [any PendingCall] = []
    /// Calls that somebody may want to cancel, and running subscriptions, by the client's numbers.
    var calls: [UInt64: WholeCall] = [:]
    var subscriptions: [UInt64: SubscriptionGroup] = [:]
    private var isShutDown = false
    /// Before this moment no connection is added to those that are open.
    private var nextOpening: UInt64 = 0

    init(context: ClientContext, configuration: ClientConfiguration) {
        self.context = context
        self.configuration = configuration
        context.beforeOutput = { [weak self] in self?.dispatch() }
        // Added behind the context's own hook: what could be written has been.
        context.reactor.atEndOfTurn { [weak self] in self?.endShutDown() }
    }

    /// Sends a call when a connection has room for it; opens connections as they are needed.
    func submit(_ call: any PendingCall) {
        if isShutDown { return call.failed(.closed) }
        guard waiting.count < Limits.waitingCalls else { return call.failed(.tooManyCalls) }
        waiting.append(call)
    }

    private func dispatch() {
        guard !waiting.isEmpty else { return }
        // Those that were given up are told so wherever they stand: the first one may wait long.
        let abandoned = waiting.filter(\.isAbandoned)
        if !abandoned.isEmpty { waiting.removeAll(where: \.isAbandoned) }
        for call in abandoned { call.failed(.cancelled) }
        var calls: [any PendingCall] = []
        swap(&calls, &waiting)
        for (index, call) in calls.enumerated() {
            if let connection = connectionWithRoom(),
                let submitted = connection.submit(
                    call.fields, body: call.body, receiver: call)
            {
                call.submitted(submitted, on: connection)
            } else {
                waiting = calls[index...] + waiting
                return openAnother()
            }
        }
    }

    private func connectionWithRoom() -> ClientConnection? {
        connections.first { $0.hasRoom }
    }

    private func openAnother() {
        // How many calls an open connection takes is not known before the server's SETTINGS.
        let isOpening = connections.contains { $0.state != .open || !$0.session.isReady }
        guard !isOpening, connections.count < Limits.connections,
            connections.isEmpty || context.reactor.now >= nextOpening
        else { return }
        var session = HTTP2ClientSession.Configuration()
        session.streamWindowBytes = configuration.subscriptionWindowBytes
        // A reader that stands still holds its own stream's window; were the connection's bounded
        // too, it would hold up everything else.
        session.connectionWindowBytes = .max
        session.returnsCreditAtOnce = false
        let connection = ClientConnection(context: context, owner: self, configuration: session)
        connections.append(connection)
        connection.start()
    }

    /// Fails what waits, ends subscriptions, closes connections.
    func shutDown() {
        isShutDown = true
        let groups = subscriptions
        subscriptions = [:]
        for group in groups.values { group.end(.closed) }
        for call in calls.values { call.cancel() }
        var failed: [any PendingCall] = []
        swap(&failed, &waiting)
        for call in failed { call.failed(.closed) }
        for connection in connections { connection.close() }
    }

    /// A server that takes no bytes is not waited for.
    private func endShutDown() {
        guard isShutDown else { return }
        for connection in connections { connection.abandon() }
    }
}

extension ClientLoop: ConnectionOwner {
    func connectionOpened(_ connection: ClientConnection) {
        // The end of this turn dispatches.
    }

    func connectionClosed(_ connection: ClientConnection, _ error: ClientError?) {
        connections.removeAll { $0 === connection }
        nextOpening = context.reactor.now + Limits.reopeningNanoseconds
        guard connections.isEmpty, !isShutDown else { return }
        // What waits would wait for a connection that cannot be made. After a loss it can.
        guard case .unreachable = error else { return }
        var failed: [any PendingCall] = []
        swap(&failed, &waiting)
        for call in failed { call.failed(error ?? .closed) }
    }
}
