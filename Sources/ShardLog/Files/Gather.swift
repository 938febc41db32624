internal import Glibc
internal import System

/// Pieces of memory that are written one after the other with one call.
///
/// The pieces are lent: whoever adds one keeps its memory alive and unchanged until the write that
/// takes the list has returned.
@safe public struct Gather: ~Copyable {
    var pieces: [iovec]
    public private(set) var byteCount: Int

    init() {
        unsafe pieces = []
        byteCount = 0
    }

    @unsafe mutating func append(_ start: UnsafeRawPointer, _ count: Int) {
        unsafe pieces.append(
            iovec(iov_base: UnsafeMutableRawPointer(mutating: start), iov_len: count))
        byteCount += count
    }

    mutating func removeAll() {
        unsafe pieces.removeAll(keepingCapacity: true)
        byteCount = 0
    }

    /// The bytes that a write of this list would write.
    public func copy() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(byteCount)
        for index in 0..<(unsafe pieces.count) {
            let piece = unsafe pieces[index]
            // The lender keeps the piece alive, see above.
            unsafe bytes.append(
                contentsOf: UnsafeRawBufferPointer(start: piece.iov_base, count: piece.iov_len))
        }
        return bytes
    }
}

/// Memory for the head of a batch, which is written straight from here, and for its padding.
@safe final class HeadMemory {
    private var head: UnsafeMutableRawPointer
    private var capacity = 64 << 10
    private var count = 0
    private let zeros: UnsafeMutableRawPointer

    init() {
        // Freed by `deinit`; nobody keeps a pointer beyond the owner's life.
        unsafe head = .allocate(byteCount: capacity, alignment: 16)
        unsafe zeros = .allocate(byteCount: Limits.pageBytes, alignment: 16)
        unsafe zeros.initializeMemory(as: UInt8.self, repeating: 0, count: Limits.pageBytes)
    }

    deinit {
        unsafe head.deallocate()
        unsafe zeros.deallocate()
    }

    func load(_ bytes: [UInt8]) {
        if bytes.count > capacity {
            unsafe head.deallocate()
            capacity = bytes.count * 2
            unsafe head = .allocate(byteCount: capacity, alignment: 16)
        }
        count = bytes.count
        unsafe bytes.withUnsafeBytes { buffer in
            guard let start = buffer.baseAddress else { return }
            // There is room for all of them, see above.
            unsafe head.copyMemory(from: start, byteCount: buffer.count)
        }
    }

    /// Adds what was loaded. The list must be used before the next `load`.
    func gather(into gather: inout Gather) {
        unsafe gather.append(head, count)
    }

    func gatherZeros(_ count: Int, into gather: inout Gather) {
        precondition(count <= Limits.pageBytes)
        if count > 0 { unsafe gather.append(zeros, count) }
    }
}

extension File {
    /// Writes all of `bytes` at `offset`.
    func write(_ bytes: [UInt8], at offset: UInt64) throws(SystemError) {
        if bytes.isEmpty { return }
        let failure: SystemError? = unsafe bytes.withUnsafeBytes { buffer in
            guard let start = buffer.baseAddress else { return nil }
            var gather = Gather()
            // `bytes` outlives the closure, and the write is done when it returns.
            unsafe gather.append(start, buffer.count)
            do throws(SystemError) {
                try write(gather, at: offset)
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw failure }
    }
}
