import Wire

/// Whose turn a request of one connection is.
///
/// A connection serves requests until it has had its share of the reactor's turn, or until its
/// client has too many answers waiting. Complete requests then wait here in their order, and
/// received bytes behind them are not given to the session before they are served.
final class RequestTurns {
    private let memory: ConnectionMemory
    private var parked: [Request] = []
    /// Whether requests wait until the client has taken answers, or for another turn.
    private(set) var isParking = false
    /// Since when this look at the connection reads and serves; 0 before it was asked.
    private var servingSince: UInt64 = 0
    private var backlog: [UInt8] = []
    /// Whether bytes wait that were received and not given to the session.
    private(set) var hasBacklog = false

    init(_ memory: ConnectionMemory) {
        self.memory = memory
    }

    /// The connection has its share of a turn before it.
    func begin() { servingSince = 0 }

    /// Whether this turn has time for more of this connection; for one thing, always.
    func hasTime(_ now: UInt64) -> Bool {
        if servingSince == 0 { servingSince = now }
        return now &- servingSince <= Limits.connectionNanoseconds
    }

    /// Whether a request may be served now. Else it is to be parked: the client has not taken the
    /// answers that it has waiting, which it does at the session's least rate or loses them; or the
    /// reactor has others to serve that came before.
    func mayServe(at now: UInt64) -> Bool { memory.mayAnswer && !isParking && hasTime(now) }

    func park(_ request: Request) {
        isParking = true
        parked.append(request)
    }

    /// Whether parked requests could be served in another turn.
    var couldResume: Bool { isParking && memory.mayAnswer }

    /// Serves parked requests as far as this turn permits. Serving one may end the connection, and
    /// none is left then.
    func resume(_ clock: TurnClock, _ serve: (Request) -> Void) {
        var count = 0
        while count < min(parked.count, Limits.resumedPerTurn), memory.mayAnswer,
            hasTime(clock.read())
        {
            let request = parked[count]
            count += 1
            if request.isOpen, !request.isAnswered { serve(request) }
        }
        parked.removeFirst(min(count, parked.count))
        isParking = !parked.isEmpty
    }

    /// Keeps received bytes for another turn.
    func keepBack(_ bytes: Span<UInt8>) {
        backlog.append(copying: bytes)
        hasBacklog = true
    }

    func takeBacklog() -> [UInt8] {
        let taken = backlog
        backlog = []
        hasBacklog = false
        return taken
    }

    /// The connection is over.
    func forget() {
        (parked, isParking) = ([], false)
        (backlog, hasBacklog) = ([], false)
    }
}
