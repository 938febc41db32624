internal import COpenSSL

/// Tells whether `a` and `b` hold the same bytes, in a time that depends on their length only.
///
/// For authentication tags and signatures: an ordinary comparison would tell a stranger how many
/// leading bytes of a guess were right.
public func constantTimeEquals(_ a: Span<UInt8>, _ b: Span<UInt8>) -> Bool {
    guard a.count == b.count else { return false }
    return unsafe a.withUnsafeBufferPointer { a in
        unsafe b.withUnsafeBufferPointer { b in
            unsafe a.isEmpty || CRYPTO_memcmp(a.baseAddress!, b.baseAddress!, a.count) == 0
        }
    }
}
