/// Counts the frames that a subscriber of a floor gets, by their length alone, and if it is to, reads
/// when each was due.
struct FloorReader {
    private let frameBytes: Int
    private let checks: Bool
    /// Bytes of the empty frame that says that everything from here on comes.
    private var toSkip = FloorFrame.lengthBytes
    private var due: UInt64 = 0
    /// Bytes behind that.
    private(set) var bytes: UInt64 = 0

    init(frameBytes: Int, checks: Bool) {
        self.frameBytes = frameBytes
        self.checks = checks
    }

    /// Whether the server has said that it sends.
    var hasJoined: Bool { toSkip == 0 }
    /// Whole frames.
    var records: UInt64 { bytes / UInt64(frameBytes) }

    /// Calls `visit` with the time that each whole frame was due at.
    mutating func take(_ received: Span<UInt8>, _ visit: (UInt64) -> Void) {
        let skipped = min(toSkip, received.count)
        toSkip -= skipped
        guard checks else {
            bytes += UInt64(received.count - skipped)
            return
        }
        var offset = skipped
        while offset < received.count {
            let place = Int(bytes % UInt64(frameBytes))
            if place >= FloorFrame.lengthBytes, place < FloorFrame.headerBytes {
                let shift = 8 * UInt64(place - FloorFrame.lengthBytes)
                if shift == 0 { due = 0 }
                due |= UInt64(received[offset]) << shift
            }
            // Byte by byte through the header, and to the end of the frame at once.
            let count =
                place < FloorFrame.headerBytes
                ? 1 : min(frameBytes - place, received.count - offset)
            offset += count
            bytes += UInt64(count)
            if place + count == frameBytes { visit(due) }
        }
    }
}
