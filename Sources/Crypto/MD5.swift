internal import COpenSSL

/// The MD5 digest (RFC 1321), which Kinesis uses to spread partition keys over shards.
///
/// It protects nothing: whoever chooses partition keys may choose where they land.
public enum MD5 {
    /// Returns the digest of `bytes` as a big-endian 128-bit integer, the hash key of a record
    /// whose partition key they are.
    public static func hash(_ bytes: Span<UInt8>) -> UInt128 {
        var digest = UInt128(0)
        unsafe bytes.withUnsafeBufferPointer { message in
            unsafe withUnsafeMutableBytes(of: &digest) { digest in
                unsafe weir_md5(
                    message.baseAddress, message.count,
                    digest.assumingMemoryBound(to: UInt8.self).baseAddress)
            }
        }
        return UInt128(bigEndian: digest)
    }
}
