internal import CBytes

/// The offset of the first byte at or behind `offset` that JSON text cannot hold as it stands: a
/// quotation mark, a backslash, a control character, or a byte that is not ASCII.
func endOfPlainRun(_ bytes: Span<UInt8>, from offset: Int) -> Int {
    guard offset < bytes.count else { return offset }
    // The kernel reads `count` bytes of the borrowed span and keeps nothing.
    return unsafe bytes.withUnsafeBufferPointer { buffer in
        guard let start = buffer.baseAddress else { return offset }
        return unsafe offset + Int(weir_plain_run(start + offset, buffer.count - offset))
    }
}
