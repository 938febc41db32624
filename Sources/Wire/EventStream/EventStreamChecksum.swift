internal import CBytes

/// The CRC-32 (IEEE 802.3) that guards both parts of an event-stream message.
func eventStreamChecksum(_ bytes: Span<UInt8>) -> UInt32 {
    unsafe bytes.withUnsafeBytes { unsafe weir_crc32(0, $0.baseAddress, $0.count) }
}
