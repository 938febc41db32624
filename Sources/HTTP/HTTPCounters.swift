public import Metrics

/// What the sessions of one context have counted since it was made.
///
/// Only the thread of the context writes; any thread may read.
public final class HTTPCounters: Sendable {
    /// Requests whose head was complete and which were handed to the handler.
    public let requests = Counter()
    /// Streams that the peer reset.
    public let resetsReceived = Counter()
    /// Streams that we reset, whatever the reason.
    public let resetsSent = Counter()
    /// Streams refused before the handler saw them.
    public let refused = Counter()
    /// Requests answered with 431 or 414.
    public let headsTooLarge = Counter()
    /// HTTP/1.1 requests answered with another status by the session itself, because of framing.
    public let badRequests = Counter()
    /// Connections ended because of an HTTP/2 protocol error or a wrong preface.
    public let protocolErrors = Counter()
    /// Connections ended because the peer made us work or queue without bound.
    public let floods = Counter()
    /// Exchanges ended by a deadline.
    public let expired = Counter()
    /// DATA or chunk payload handed to outputs.
    public let bodyBytesSent = Counter()
    /// Body payload received.
    public let bodyBytesReceived = Counter()

    public init() {}

    /// What a family of faults counts, and the word for it in labels.
    public struct Fault: Sendable {
        public let name: String
        public let count: @Sendable (HTTPCounters) -> UInt64
    }

    /// What peers did against HTTP.
    public static let faults = [
        Fault(name: "bad_request") { $0.badRequests.value },
        Fault(name: "protocol") { $0.protocolErrors.value },
        Fault(name: "flood") { $0.floods.value },
        Fault(name: "head_size") { $0.headsTooLarge.value },
        Fault(name: "expired") { $0.expired.value },
    ]
}
