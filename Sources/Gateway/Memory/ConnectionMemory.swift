/// What one connection holds of the node's memory. It belongs to the connection's reactor and
/// outlives the connection while a thread still works for one of its requests.
final class ConnectionMemory {
    private let budget: MemoryBudget
    private let peer: PeerMemory
    private var holding = MemoryBudget.Holding()
    /// Of that, what answers hold that are being made or have not been taken yet.
    private(set) var answerBytes = 0

    init(_ budget: MemoryBudget, _ peer: PeerMemory) {
        self.budget = budget
        self.peer = peer
    }

    /// Bytes held.
    var bytes: Int { holding.bytes }

    /// Whether more requests of this connection are worked for. Beyond the bound they wait until
    /// the client has taken answers, which it must do at a least rate; so it cannot have large
    /// answers made faster than it takes them.
    var mayAnswer: Bool { answerBytes < budget.answersOfConnection }

    // Through a copy, because passing a property of an object costs a check at run time.

    func take(_ count: Int) -> Bool {
        var now = holding
        let fits = budget.take(count, &now, peer)
        holding = now
        return fits
    }

    func giveBack(_ count: Int) {
        var now = holding
        budget.giveBack(count, &now, peer)
        holding = now
    }

    func takeForAnswer(_ count: Int) -> Bool {
        guard take(count) else { return false }
        answerBytes += count
        return true
    }

    func giveBackOfAnswer(_ count: Int) {
        answerBytes -= count
        giveBack(count)
    }
}
