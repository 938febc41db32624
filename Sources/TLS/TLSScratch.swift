/// Buffers that all connections of a reactor use in turn, so that an idle connection has none.
///
/// Not shared between threads. Between two calls that concern different connections, the first
/// one's output has been taken.
@safe public final class TLSScratch {
    /// Where records are decrypted to.
    let plaintext: UnsafeMutableBufferPointer<UInt8>
    /// Whether `plaintext` is lent to the owner of a connection right now.
    var isLendingPlaintext = false
    /// Ciphertext that waits for the socket.
    private var output: UnsafeMutableBufferPointer<UInt8>
    private(set) var outputCount = 0
    /// Whose output it is; nil while there is none.
    private var writer: ObjectIdentifier?
    private var isLendingOutput = false

    public init() {
        unsafe plaintext = .allocate(capacity: Limits.recordBytes)
        unsafe output = .allocate(capacity: Limits.outputBytes)
    }

    deinit {
        unsafe plaintext.deallocate()
        unsafe output.deallocate()
    }

    /// Every call that may produce output begins here.
    func begin(_ connection: TLSConnection) {
        precondition(
            writer == nil || writer == ObjectIdentifier(connection),
            "the output of another connection was not taken")
        precondition(!isLendingOutput, "the output is lent")
    }

    /// Copies ciphertext behind what waits already; false when there would be too much of it.
    func append(_ bytes: UnsafeBufferPointer<UInt8>, of connection: TLSConnection) -> Bool {
        let wanted = outputCount + bytes.count
        guard wanted <= Limits.outputBytesMaximum else { return false }
        if unsafe wanted > output.count { grow(to: wanted) }
        _ = unsafe output.extracting(outputCount..<wanted).update(fromContentsOf: bytes)
        outputCount = wanted
        writer = ObjectIdentifier(connection)
        return true
    }

    private func grow(to wanted: Int) {
        let larger = unsafe UnsafeMutableBufferPointer<UInt8>.allocate(
            capacity: min(max(wanted, 2 * output.count), Limits.outputBytesMaximum))
        _ = unsafe larger.update(fromContentsOf: output.prefix(outputCount))
        unsafe output.deallocate()
        unsafe output = larger
    }

    /// Lends what waits of `connection` and forgets it; nothing is called when there is nothing.
    func take(_ connection: TLSConnection, _ body: (Span<UInt8>) -> Void) {
        guard writer == ObjectIdentifier(connection) else { return }
        isLendingOutput = true
        body(unsafe UnsafeBufferPointer(rebasing: output.prefix(outputCount)).span)
        isLendingOutput = false
        discard(connection)
    }

    /// Forgets what waits of `connection`.
    func discard(_ connection: TLSConnection) {
        guard writer == ObjectIdentifier(connection) else { return }
        writer = nil
        outputCount = 0
        if unsafe output.count > Limits.outputBytes {
            // An unusually long flight is no reason to hold much memory from then on.
            unsafe output.deallocate()
            unsafe output = .allocate(capacity: Limits.outputBytes)
        }
    }

    func hasOutput(of connection: TLSConnection) -> Bool {
        writer == ObjectIdentifier(connection)
    }
}
