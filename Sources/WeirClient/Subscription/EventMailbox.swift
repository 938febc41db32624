import Synchronization

/// Carries events from the reactor to the one task that reads them.
///
/// How much waits here is bounded by the windows of the subscriptions, which return credit only
/// when an event is taken out.
final class EventMailbox: Sendable {
    /// An event, and what to say when it was taken.
    struct Delivery: Sendable {
        let event: SubscriptionEvent
        let credit: ShardSubscription.EventCredit
    }

    fileprivate struct State {
        var deliveries: [Delivery] = []
        var first = 0
        var waiter: CheckedContinuation<Void, Never>?
        var end: Result<Void, ClientError>?
    }

    private let state = Mutex(State())

    /// Adds an event; one that comes after the end is dropped.
    func post(_ delivery: Delivery) {
        let waiter = state.withLock { state in
            if state.end == nil { state.deliveries.append(delivery) }
            return state.takeWaiter()
        }
        waiter?.resume()
    }

    /// Says that nothing will come any more; only the first word counts. What waits can be taken
    /// first.
    func finish(_ end: Result<Void, ClientError>) {
        let waiter = state.withLock { state in
            if state.end == nil { state.end = end }
            return state.takeWaiter()
        }
        waiter?.resume()
    }

    /// The next event; nil at an orderly end and when the task was cancelled. One task at a time.
    func next() async throws(ClientError) -> Delivery? {
        while true {
            if Task.isCancelled { return nil }
            if let result = state.withLock({ $0.take() }) { return try result.get() }
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in wait(continuation) }
            } onCancel: {
                state.withLock { $0.takeWaiter() }?.resume()
            }
        }
    }

    private func wait(_ continuation: CheckedContinuation<Void, Never>) {
        let isNeeded = state.withLock { state in
            precondition(state.waiter == nil, "a subscription is read by one task at a time")
            // The cancellation handler may have run before there was anybody to resume.
            guard state.isEmpty, state.end == nil, !Task.isCancelled else { return false }
            state.waiter = continuation
            return true
        }
        if !isNeeded { continuation.resume() }
    }
}

extension EventMailbox.State {
    fileprivate var isEmpty: Bool { first == deliveries.count }

    fileprivate mutating func takeWaiter() -> CheckedContinuation<Void, Never>? {
        defer { waiter = nil }
        return waiter
    }

    /// What `next` answers; nil if it has to wait.
    fileprivate mutating func take() -> Result<EventMailbox.Delivery?, ClientError>? {
        if isEmpty { return end.map { $0.map { nil } } }
        let delivery = deliveries[first]
        first += 1
        if isEmpty {
            deliveries.removeAll(keepingCapacity: true)
            first = 0
        } else if first > 64, first > deliveries.count / 2 {
            deliveries.removeSubrange(..<first)
            first = 0
        }
        return .success(delivery)
    }
}
