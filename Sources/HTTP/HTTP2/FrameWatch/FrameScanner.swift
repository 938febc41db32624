/// The head of a frame that a peer has sent.
struct FrameHead {
    var length: Int
    var type: UInt8
    var flags: UInt8
    var streamID: UInt32
    /// Where it begins in the bytes at hand; 0 if it began before them.
    var start: Int

    var endsStream: Bool { flags & NG.endStream != 0 }
}

/// Finds the heads of frames in a client's bytes, however they are cut (RFC 9113 §4.1).
@safe struct FrameScanner {
    // Bytes to pass before the next head: the rest of the preface or of a payload.
    private var rest = Limits.clientPreface.utf8CodeUnitCount
    // The head so far, when it was cut.
    private var word: UInt64 = 0
    private var last: UInt8 = 0
    private var have = 0

    /// The next head at or behind `at`, which moves behind it; nil when the bytes are used up.
    @inline(__always)
    mutating func next(_ bytes: UnsafeBufferPointer<UInt8>, _ at: inout Int) -> FrameHead? {
        let left = bytes.count - at
        if rest >= left {
            rest -= left
            at = bytes.count
            return nil
        }
        at += rest
        rest = 0
        if have == 0, bytes.count - at >= Limits.frameHeaderBytes, let base = bytes.baseAddress {
            let start = at
            // The eight bytes are in the buffer, and any alignment will do.
            word = unsafe UInt64(
                bigEndian: UnsafeRawPointer(base + at).loadUnaligned(as: UInt64.self))
            last = unsafe bytes[at + 8]
            at += Limits.frameHeaderBytes
            return headRead(from: start)
        }
        let start = have == 0 ? at : 0
        while have < Limits.frameHeaderBytes {
            guard at < bytes.count else { return nil }
            let byte = unsafe bytes[at]
            if have < 8 { word = word << 8 | UInt64(byte) } else { last = byte }
            have += 1
            at += 1
        }
        have = 0
        return headRead(from: start)
    }

    /// The head that has been read; its payload is to be passed.
    @inline(__always)
    private mutating func headRead(from start: Int) -> FrameHead {
        rest = Int(word >> 40)
        return FrameHead(
            length: rest, type: UInt8(truncatingIfNeeded: word >> 32),
            flags: UInt8(truncatingIfNeeded: word >> 24),
            streamID: (UInt32(truncatingIfNeeded: word) << 8 | UInt32(last)) & 0x7fff_ffff,
            start: start)
    }
}
