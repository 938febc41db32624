/// Reads the framing of a chunked request body, byte by byte where it must (RFC 9112 §7.1).
struct HTTP1Chunks {
    enum Step {
        /// So many of the bytes given are payload.
        case payload(Int)
        /// So many of the bytes given were framing.
        case framing(Int)
        /// The same, and the body is complete.
        case end(Int)
        case broken
    }

    private enum State {
        case size, extension_, sizeLineFeed, payload, payloadReturn, payloadLineFeed
        case trailerStart, trailer, trailerLineFeed, endLineFeed
    }

    private var state = State.size
    private var digits = 0
    private var lineBytes = 0
    private var trailerBytes = 0
    private var remaining = 0

    /// Looks at the next bytes, which are not empty.
    mutating func step(_ bytes: Span<UInt8>) -> Step {
        if state == .payload {
            let n = min(remaining, bytes.count)
            remaining -= n
            if remaining == 0 { state = .payloadReturn }
            return .payload(n)
        }
        for i in 0..<bytes.count {
            guard take(bytes[i]) else { return .broken }
            if isOver { return .end(i + 1) }
            if state == .payload { return .framing(i + 1) }
        }
        return .framing(bytes.count)
    }

    private var isOver = false

    private mutating func take(_ byte: UInt8) -> Bool {
        switch state {
        case .size:
            if let digit = hex(byte) {
                digits += 1
                remaining = remaining << 4 | digit
                // Fifteen digits are no overflow yet; no body is that long either.
                return digits <= 15
            }
            guard digits > 0 else { return false }
            if byte == 0x0d {
                state = .sizeLineFeed
                return true
            }
            state = .extension_
            // No white space before an extension, which some readers skip and some do not.
            return byte == 0x3b
        case .extension_:
            lineBytes += 1
            if byte == 0x0d {
                state = .sizeLineFeed
                return true
            }
            return HTTP1Bytes.isValue(byte) && lineBytes <= Limits.chunkLineBytes
        case .sizeLineFeed:
            state = remaining == 0 ? .trailerStart : .payload
            (digits, lineBytes) = (0, 0)
            return byte == 0x0a
        case .payload: return false
        case .payloadReturn:
            state = .payloadLineFeed
            return byte == 0x0d
        case .payloadLineFeed:
            state = .size
            return byte == 0x0a
        case .trailerStart:
            if byte == 0x0d {
                state = .endLineFeed
                return true
            }
            state = .trailer
            trailerBytes += 1
            return HTTP1Bytes.isToken(byte)
        case .trailer:
            trailerBytes += 1
            if byte == 0x0d {
                state = .trailerLineFeed
                return true
            }
            return HTTP1Bytes.isValue(byte) && trailerBytes <= Limits.trailerBytes
        case .trailerLineFeed:
            state = .trailerStart
            return byte == 0x0a
        case .endLineFeed:
            isOver = true
            return byte == 0x0a
        }
    }

    private func hex(_ byte: UInt8) -> Int? {
        switch byte {
        case 0x30...0x39: Int(byte) - 0x30
        case 0x41...0x46: Int(byte) - 0x41 + 10
        case 0x61...0x66: Int(byte) - 0x61 + 10
        default: nil
        }
    }
}
