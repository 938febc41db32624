public import Synchronization

/// What the sessions of one context have counted since it was made.
///
/// Only the thread of the context writes; any thread may read.
public final class HTTPCounters: Sendable {
    /// Requests whose head was complete and which were handed to the handler.
    public let requests = Atomic<UInt64>(0)
    /// Streams that the peer reset.
    public let resetsReceived = Atomic<UInt64>(0)
    /// Streams that we reset, whatever the reason.
    public let resetsSent = Atomic<UInt64>(0)
    /// Streams refused before the handler saw them.
    public let refused = Atomic<UInt64>(0)
    /// Requests answered with 431 or 414.
    public let headsTooLarge = Atomic<UInt64>(0)
    /// HTTP/1.1 requests answered with another status by the session itself, because of framing.
    public let badRequests = Atomic<UInt64>(0)
    /// Connections ended because of an HTTP/2 protocol error or a wrong preface.
    public let protocolErrors = Atomic<UInt64>(0)
    /// Connections ended because the peer made us work or queue without bound.
    public let floods = Atomic<UInt64>(0)
    /// Exchanges ended by a deadline.
    public let expired = Atomic<UInt64>(0)
    /// DATA or chunk payload handed to outputs.
    public let bodyBytesSent = Atomic<UInt64>(0)
    /// Body payload received.
    public let bodyBytesReceived = Atomic<UInt64>(0)

    public init() {}
}

extension Atomic<UInt64> {
    /// Adds without a locked instruction, which one writer permits.
    @inline(__always)
    func count(_ n: UInt64 = 1) {
        store(load(ordering: .relaxed) &+ n, ordering: .relaxed)
    }
}
