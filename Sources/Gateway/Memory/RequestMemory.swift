/// What one request holds of its connection's memory: its head and the body as it arrives, then its
/// answer until the client has taken it.
struct RequestMemory {
    private let connection: ConnectionMemory
    /// For the request itself, its head and its body.
    private(set) var held = 0
    /// For an answer that is being made, or was made and has not been taken.
    private(set) var heldForAnswer = 0

    init(_ connection: ConnectionMemory) {
        self.connection = connection
    }

    /// Sees to it that at least so many bytes are held; false, and nothing changes, if they do not
    /// fit.
    mutating func hold(_ bytes: Int) -> Bool {
        guard bytes > held else { return true }
        let whole = (bytes + Limits.memoryStep - 1) / Limits.memoryStep * Limits.memoryStep
        guard connection.take(whole - held) else { return false }
        held = whole
        return true
    }

    /// Gives back what is held beyond so many bytes, if that is worth it.
    mutating func keep(_ bytes: Int) {
        let whole = (bytes + Limits.memoryStep - 1) / Limits.memoryStep * Limits.memoryStep
        guard held > whole + Limits.memorySlack || bytes == 0, held > whole else { return }
        connection.giveBack(held - whole)
        held = whole
    }

    /// Holds so many bytes for an answer, neither more nor less; false, and nothing changes, if
    /// they do not fit.
    mutating func holdAnswer(_ bytes: Int) -> Bool {
        if bytes > heldForAnswer {
            guard connection.takeForAnswer(bytes - heldForAnswer) else { return false }
        } else if bytes < heldForAnswer {
            connection.giveBackOfAnswer(heldForAnswer - bytes)
        }
        heldForAnswer = bytes
        return true
    }
}
