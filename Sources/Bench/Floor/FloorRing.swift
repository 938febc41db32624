/// The last bytes that were relayed, once for all subscribers; each has a position in them.
final class FloorRing {
    /// A power of two; a subscriber that is further behind is cut off.
    static let bytes = 64 << 20
    /// The first bytes stand once more behind the last, so that no TLS record wraps around.
    private static let mirrorBytes = 16_384

    private var storage = [UInt8](repeating: 0, count: bytes + mirrorBytes)
    /// Bytes that were ever appended.
    private(set) var head: UInt64 = 0

    func append(_ bytes: Span<UInt8>) {
        var start = 0
        while start < bytes.count {
            let place = Int(head % UInt64(Self.bytes))
            let count = min(bytes.count - start, Self.bytes - place)
            Self.copy(bytes.extracting(start..<start + count), into: &storage, at: place)
            if place < Self.mirrorBytes {
                let again = min(count, Self.mirrorBytes - place)
                Self.copy(
                    bytes.extracting(start..<start + again), into: &storage, at: Self.bytes + place)
            }
            start += count
            head += UInt64(count)
        }
    }

    private static func copy(_ bytes: Span<UInt8>, into storage: inout [UInt8], at place: Int) {
        var target = storage.mutableSpan
        for i in bytes.indices { target[place + i] = bytes[i] }
    }

    /// Lends the bytes from a position on, at most one TLS record of them.
    func withBytes<Result>(
        at position: UInt64, count: Int, _ body: (Span<UInt8>) -> Result
    ) -> Result {
        let place = Int(position % UInt64(Self.bytes))
        // A second reference for the span to borrow.
        let storage = storage
        return body(storage.span.extracting(place..<place + count))
    }
}
