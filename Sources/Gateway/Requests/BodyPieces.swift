import Synchronization

/// The pieces of a large body on their way to the thread that decodes it.
final class BodyPieces: Sendable {
    private let pieces: Mutex<[[UInt8]]>

    init(_ pieces: [[UInt8]]) {
        self.pieces = Mutex(pieces)
    }

    /// Puts the pieces together, once. Each is freed when it is copied, so that a body is not in
    /// memory twice.
    func join() -> [UInt8] {
        var pieces = pieces.withLock { pieces in
            var taken: [[UInt8]] = []
            swap(&taken, &pieces)
            return taken
        }
        if pieces.count == 1 { return pieces[0] }
        var whole: [UInt8] = []
        whole.reserveCapacity(pieces.reduce(0) { $0 + $1.count })
        for place in pieces.indices {
            whole += pieces[place]
            pieces[place] = []
        }
        return whole
    }
}
