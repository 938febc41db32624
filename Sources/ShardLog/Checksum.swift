internal import CBytes

/// CRC-32C, continued from `seed` (0 at the start).
func crc32c(_ seed: UInt32, _ bytes: Span<UInt8>) -> UInt32 {
    // The buffer is read inside the call only.
    unsafe bytes.withUnsafeBufferPointer { buffer in
        unsafe weir_crc32c(seed, buffer.baseAddress, buffer.count)
    }
}

@unsafe func crc32c(_ seed: UInt32, _ start: UnsafeRawPointer, _ count: Int) -> UInt32 {
    unsafe weir_crc32c(seed, start, count)
}
