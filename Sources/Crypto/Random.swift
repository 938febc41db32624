internal import COpenSSL

/// Random bytes that nobody can foretell, from OpenSSL's generator (seeded by the kernel).
public enum Random {
    /// Returns `count` random bytes.
    public static func bytes(_ count: Int) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            unsafe fill(UnsafeMutableRawBufferPointer(buffer))
            initialized = count
        }
    }

    /// Returns a random number; ``RandomPool`` is cheaper for many.
    public static func uint64() -> UInt64 {
        var value: UInt64 = 0
        unsafe withUnsafeMutableBytes(of: &value) { unsafe fill($0) }
        return value
    }

    /// Overwrites `buffer` with random bytes.
    ///
    /// OpenSSL fails here only when it could never seed itself from the kernel; there is nothing
    /// that a server could safely do without random numbers, so that this ends the process.
    static func fill(_ buffer: UnsafeMutableRawBufferPointer) {
        guard unsafe !buffer.isEmpty else { return }
        let filled = unsafe RAND_bytes(
            buffer.assumingMemoryBound(to: UInt8.self).baseAddress, Int32(buffer.count))
        precondition(filled == 1, "OpenSSL has no source of random numbers")
    }
}

/// Random numbers drawn 64 at a time, for one owner that needs them often, such as a reactor that
/// names its requests.
///
/// It cannot be copied: two copies would give out the same numbers.
public struct RandomPool: ~Copyable {
    private var words: [64 of UInt64] = .init(repeating: 0)
    private var next = 64

    /// An empty pool; the first number fills it.
    public init() {}

    /// Returns the next random number.
    public mutating func uint64() -> UInt64 {
        if next == words.count {
            unsafe withUnsafeMutableBytes(of: &words) { unsafe Random.fill($0) }
            next = 0
        }
        let word = words[next]
        // What was given out is forgotten, so that nobody finds it here later.
        words[next] = 0
        next += 1
        return word
    }
}
