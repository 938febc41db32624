/// What the connections of one reactor share: configuration, counters, the time and a pool of
/// exchanges.
///
/// A context belongs to one thread, as its sessions do.
public final class HTTPContext {
    public let configuration: HTTPConfiguration
    public let counters: HTTPCounters

    /// Nanoseconds of a monotonic clock; the owner sets it once a turn. Rates are measured by it.
    public var now: UInt64 {
        get { time }
        set { time = newValue }
    }

    // Not public itself, so that reading it carries no exclusivity check.
    var time: UInt64 = 0

    /// nghttp2's tables for the sessions of this context, made when the first connection comes.
    private(set) lazy var http2Server = HTTP2Library.server(configuration)

    /// What its owner has every answer carry, for those that no handler gives.
    private let complete: (inout ResponseHead) -> Void

    private let pool = OwnedList<Exchange>()

    /// - Parameter complete: Adds to the head of an answer that a session gives by itself what the
    ///   owner's own answers have, such as the date.
    public init(
        configuration: HTTPConfiguration = HTTPConfiguration(),
        counters: HTTPCounters = HTTPCounters(),
        complete: @escaping (inout ResponseHead) -> Void = { _ in }
    ) {
        self.configuration = configuration
        self.counters = counters
        self.complete = complete
    }

    /// The head of an answer to what no handler sees.
    func refusal(_ status: Int) -> ResponseHead {
        var head = ResponseHead(status: status)
        complete(&head)
        return head
    }

    func takeExchange() -> Exchange { pool.removeLast() ?? Exchange() }

    /// Keeps `exchange` for another request, unless somebody still holds it or its head: a handler
    /// that answers late must find a closed exchange, never another one's.
    func recycle(_ exchange: consuming Exchange) {
        guard pool.count < Limits.pooledExchanges, isKnownUniquelyReferenced(&exchange),
            exchange.recycle()
        else { return }
        pool.append(exchange)
    }
}
