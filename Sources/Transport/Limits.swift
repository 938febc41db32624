/// The bounds of a stream.
enum Limits {
    /// Bytes read from a socket at a time, and times in one turn.
    static let readBytes = 65_536
    static let readsPerTurn = 16
    /// The most plaintext of a TLS record (RFC 8446 §5.1).
    static let recordBytes = 16_384
    /// TLS records that are written by one call.
    static let recordsPerWrite = 4
}
