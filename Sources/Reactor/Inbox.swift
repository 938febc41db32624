internal import Synchronization

/// Messages from any thread to one reactor, in the order of posting.
///
/// Its owner drains it in a hook given to `Reactor.onWake`.
public final class Inbox<Message: Sendable>: Sendable {
    private let waker: Waker
    private let capacity: Int
    private let waiting = Mutex<[Message]>([])

    /// An inbox whose messages wake the owner of `waker`. More than `capacity` messages at a time
    /// are a bug: each message stands for something that has a smaller bound of its own.
    public init(waker: Waker, capacity: Int = Limits.inboxMessages) {
        self.waker = waker
        self.capacity = capacity
    }

    /// Adds a message and wakes the reactor.
    public func post(_ message: Message) {
        waiting.withLock { messages in
            precondition(messages.count < capacity, "an inbox overflowed")
            messages.append(message)
        }
        waker.wake()
    }

    /// Hands over the messages posted so far, until `body` says that there is no time for more; what
    /// is left comes first in the next turn. `body` may post to this same inbox; that message comes
    /// with the next drain.
    public func drain(_ body: (Message) -> Bool) {
        let messages = waiting.withLock { messages in
            guard !messages.isEmpty else { return [Message]() }
            var taken: [Message] = []
            swap(&taken, &messages)
            return taken
        }
        var given = 0
        for message in messages {
            given += 1
            if !body(message) { break }
        }
        guard given < messages.count else { return }
        let rest = messages[given...]
        waiting.withLock { $0.insert(contentsOf: rest, at: 0) }
        waker.wake()
    }
}
