/// What a connection remembers of streams that are no more: the last ones that the client had ended
/// or reset, and the last numbers that it passed over. Half a KiB, whatever the peer does.
///
/// Streams that we ended before the client had are not among them: its frames may be on their way.
@safe final class EndedStreams {
    // Owned; freed in deinit. First the streams, then pairs of the first and the last of a gap. 0 is
    // no stream of a client's.
    private let places: UnsafeMutablePointer<UInt32>
    private static let count = Limits.rememberedStreams + 2 * Limits.rememberedGaps
    private var nextStream = 0
    private var nextGap = 0

    init() {
        unsafe places = .allocate(capacity: Self.count)
        unsafe places.initialize(repeating: 0, count: Self.count)
    }

    deinit { unsafe places.deallocate() }

    func add(_ stream: UInt32) {
        unsafe places[nextStream] = stream
        nextStream = nextStream + 1 == Limits.rememberedStreams ? 0 : nextStream + 1
    }

    /// The client passed over these numbers; they are closed by that (RFC 9113 §5.1.1).
    func addGap(_ first: UInt32, _ last: UInt32) {
        let place = Limits.rememberedStreams + 2 * nextGap
        unsafe places[place] = first
        unsafe places[place + 1] = last
        nextGap = nextGap + 1 == Limits.rememberedGaps ? 0 : nextGap + 1
    }

    func contains(_ stream: UInt32) -> Bool {
        for i in 0..<Limits.rememberedStreams where unsafe places[i] == stream { return true }
        return false
    }

    func wasPassedOver(_ stream: UInt32) -> Bool {
        for gap in 0..<Limits.rememberedGaps {
            let place = Limits.rememberedStreams + 2 * gap
            if unsafe places[place] <= stream, unsafe stream <= places[place + 1] { return true }
        }
        return false
    }
}
