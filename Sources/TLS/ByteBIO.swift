internal import COpenSSL

/// OpenSSL's view of a connection's bytes: reads take from the span that `receive` was called with,
/// writes go to the reactor's scratch. Nothing is buffered between.
enum ByteBIO {
    /// Written once, before the first connection, and only read from then on; OpenSSL never
    /// changes a method table, so sharing the pointer between threads is sound.
    private nonisolated(unsafe) static let method: OpaquePointer? = {
        let method = unsafe BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "weir bytes")
        unsafe BIO_meth_set_read(method, readBytes)
        unsafe BIO_meth_set_write(method, writeBytes)
        unsafe BIO_meth_set_ctrl(method, control)
        return unsafe method
    }()

    /// A BIO that calls `connection`, which must outlive it.
    static func make(for connection: TLSConnection) -> OpaquePointer? {
        guard let bio = unsafe BIO_new(method) else { return nil }
        // Unretained: the connection owns the SSL object, which owns this BIO, and frees it in its
        // own deinit. A retained reference would be a cycle.
        unsafe BIO_set_data(bio, Unmanaged.passUnretained(connection).toOpaque())
        unsafe BIO_set_init(bio, 1)
        return unsafe bio
    }
}

/// Fills OpenSSL's buffer from what the connection is receiving; when that is used up, says so.
@c private func readBytes(
    _ bio: OpaquePointer?, _ target: UnsafeMutablePointer<CChar>?, _ count: Int32
) -> Int32 {
    unsafe weir_bio_clear_retry(bio)
    guard let target = unsafe target, let data = unsafe BIO_get_data(bio), count > 0 else {
        return -1
    }
    // OpenSSL reads only inside a call that the connection makes, so it is alive.
    let taken = unsafe Unmanaged<TLSConnection>.fromOpaque(data)._withUnsafeGuaranteedRef {
        unsafe $0.takeInput(into: UnsafeMutableRawPointer(target), count: Int(count))
    }
    if taken == 0 {
        unsafe weir_bio_set_retry_read(bio)
        return -1
    }
    return Int32(taken)
}

/// Adds OpenSSL's records to the output.
@c private func writeBytes(
    _ bio: OpaquePointer?, _ source: UnsafePointer<CChar>?, _ count: Int32
) -> Int32 {
    unsafe weir_bio_clear_retry(bio)
    guard let source = unsafe source, let data = unsafe BIO_get_data(bio), count > 0 else {
        return -1
    }
    let bytes = unsafe UnsafeRawBufferPointer(start: source, count: Int(count))
    // OpenSSL writes only inside a call that the connection makes, so it is alive.
    let isTaken = unsafe Unmanaged<TLSConnection>.fromOpaque(data)._withUnsafeGuaranteedRef {
        unsafe $0.addOutput(bytes.assumingMemoryBound(to: UInt8.self))
    }
    return isTaken ? count : -1
}

/// Flushing always succeeds, as nothing is held back; other requests are not supported.
@c private func control(
    _ bio: OpaquePointer?, _ command: Int32, _ number: Int, _ pointer: UnsafeMutableRawPointer?
) -> Int {
    command == BIO_CTRL_FLUSH ? 1 : 0
}
