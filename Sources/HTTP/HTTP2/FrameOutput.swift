internal import CNGHTTP2

/// The output of one `produce`, and what of nghttp2's frames did not fit into it.
///
/// DATA payload is written by the body's owner straight into the output, behind the place of the
/// frame's header; so header and payload fill the output exactly. When less room is left than a
/// frame is worth, a small frame is written into a buffer of this object instead: its first bytes
/// fill the output, the rest starts the next one. Nothing is ever taken from a source for which
/// there is no place, and nghttp2 never has to be told that a frame would block.
@safe final class FrameOutput {
    // The caller's output, set only within `fill`.
    private var at: UnsafeMutablePointer<UInt8>
    private(set) var free = 0

    // Owned; freed in deinit.
    private let spill: UnsafeMutablePointer<UInt8>
    private var spillStart = 0
    private var spillEnd = 0

    // The rest of a frame in nghttp2's buffer, which stands until the next nghttp2_session_mem_send.
    private var rest: UnsafePointer<UInt8>
    private var restCount = 0

    // Where the payload of the DATA frame goes that nghttp2 packs now.
    private var payload: UnsafeMutablePointer<UInt8>
    private var spills = false

    init() {
        unsafe spill = .allocate(capacity: Limits.frameHeaderBytes + Limits.leastDataBytes)
        unsafe at = unsafe spill
        unsafe payload = unsafe spill
        unsafe rest = UnsafePointer(spill)
    }

    deinit { unsafe spill.deallocate() }

    /// Whether bytes wait that nghttp2 considers sent.
    var hasRest: Bool { spillStart < spillEnd || restCount > 0 }

    /// Fills `output` with what waited and then with what `session` has; false if it failed.
    ///
    /// The session's callbacks call `dataLength`, `dataPlace` and `dataPacked` meanwhile.
    func fill(_ output: inout OutputSpan<UInt8>, from session: OpaquePointer) -> Bool {
        unsafe output.withUnsafeMutableBufferPointer { buffer, initialized in
            guard let base = buffer.baseAddress, initialized < buffer.count else { return true }
            unsafe at = base + initialized
            free = buffer.count - initialized
            let healthy = unsafe pump(session)
            initialized = buffer.count - free
            free = 0
            return healthy
        }
    }

    private func pump(_ session: OpaquePointer) -> Bool {
        flushSpill()
        if restCount > 0 { unsafe put(rest, restCount) }
        while free > 0 {
            var frame: UnsafePointer<UInt8>?
            let count = unsafe nghttp2_session_mem_send(session, &frame)
            guard count > 0, let frame = unsafe frame else { return count == 0 }
            unsafe put(frame, count)
        }
        return true
    }

    private func put(_ bytes: UnsafePointer<UInt8>, _ count: Int) {
        let n = min(free, count)
        unsafe at.update(from: bytes, count: n)
        unsafe at += n
        free -= n
        unsafe rest = bytes + n
        restCount = count - n
    }

    private func flushSpill() {
        let n = min(free, spillEnd - spillStart)
        guard n > 0 else { return }
        unsafe at.update(from: spill + spillStart, count: n)
        unsafe at += n
        free -= n
        spillStart += n
    }

    /// The payload to pack into the next DATA frame, at least one byte. It is called with nothing
    /// in the spill, because nghttp2 is asked for frames only while the output has room.
    func dataLength() -> Int {
        let room = free - Limits.frameHeaderBytes
        spills = room < Limits.leastDataBytes
        unsafe payload = (spills ? spill : at) + Limits.frameHeaderBytes
        return spills ? Limits.leastDataBytes : min(room, Limits.dataPayloadBytes)
    }

    /// Where the payload that `dataLength` allowed is to be written.
    var dataPlace: UnsafeMutablePointer<UInt8> { unsafe payload }

    /// Completes the DATA frame with its header and `count` bytes of payload; true if the output
    /// is full.
    func dataPacked(_ header: UnsafePointer<UInt8>, _ count: Int) -> Bool {
        let start = unsafe payload - Limits.frameHeaderBytes
        unsafe start.update(from: header, count: Limits.frameHeaderBytes)
        let total = Limits.frameHeaderBytes + count
        if spills {
            spillStart = 0
            spillEnd = total
            flushSpill()
        } else {
            unsafe at += total
            free -= total
        }
        return free == 0
    }
}
