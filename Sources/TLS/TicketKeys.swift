internal import COpenSSL
internal import Synchronization

/// The keys that session tickets are sealed with (RFC 5077, RFC 8446 §4.6.1), shared by the
/// contexts of all reactors: a client resumes its session on whichever it reaches.
///
/// They live in memory only. A restart costs each client one full handshake.
public final class TicketKeys: Sendable {
    struct Key: Sendable {
        let name: [UInt8]
        let cipher: [UInt8]
        let mac: [UInt8]

        init() {
            name = Key.random(16)
            cipher = Key.random(32)
            mac = Key.random(32)
        }

        private static func random(_ count: Int) -> [UInt8] {
            var bytes = [UInt8](repeating: 0, count: count)
            let result = unsafe RAND_bytes(&bytes, Int32(count))
            precondition(result == 1, "the system gives no random bytes")
            return bytes
        }
    }

    /// The key in use first, then the retired ones, latest first.
    private let keys = Mutex([Key()])

    public init() {}

    /// Seals new tickets with a new key. Tickets under the two keys before it are still redeemed,
    /// and replaced. Called about twice a day; more often than every two hours would cut short the
    /// life that tickets are given.
    public func rotate() {
        let fresh = Key()
        keys.withLock { $0 = [fresh] + $0.prefix(Limits.retiredTicketKeys) }
    }

    var current: Key { keys.withLock { $0[0] } }

    func find(name: UnsafePointer<UInt8>) -> (key: Key, isCurrent: Bool)? {
        let wanted = unsafe [UInt8](UnsafeBufferPointer(start: name, count: 16))
        return keys.withLock { keys in
            guard let place = keys.firstIndex(where: { $0.name == wanted }) else { return nil }
            return (keys[place], place == 0)
        }
    }

    /// Makes `context` seal its tickets with these keys. The context's owner keeps them alive.
    func install(in context: OpaquePointer) {
        // Unretained: `TLSContext` holds the keys as long as the C context can call back.
        let reference = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe SSL_CTX_set_ex_data(context, 0, reference)
        unsafe SSL_CTX_set_tlsext_ticket_key_evp_cb(context, prepareTicket)
    }
}

/// Prepares the cipher and MAC of one ticket: 1 is use, 2 use and send a new one, 0 unknown key,
/// -1 failure (SSL_CTX_set_tlsext_ticket_key_evp_cb(3)).
@c private func prepareTicket(
    _ ssl: OpaquePointer?, _ name: UnsafeMutablePointer<UInt8>?, _ iv: UnsafeMutablePointer<UInt8>?,
    _ cipher: OpaquePointer?, _ mac: OpaquePointer?, _ isSealing: Int32
) -> Int32 {
    guard let name = unsafe name, let iv = unsafe iv,
        let owner = unsafe SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), 0)
    else { return -1 }
    // The context that calls belongs to a `TLSContext`, which holds the keys.
    let keys = unsafe Unmanaged<TicketKeys>.fromOpaque(owner).takeUnretainedValue()
    if isSealing == 1 {
        let key = keys.current
        for i in 0..<16 { unsafe name[i] = key.name[i] }
        guard unsafe RAND_bytes(iv, 16) == 1,
            unsafe weir_mac_use_hmac_sha256(mac, key.mac, key.mac.count) == 1,
            unsafe EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), nil, key.cipher, iv) == 1
        else { return -1 }
        return 1
    }
    guard let (key, isCurrent) = unsafe keys.find(name: name) else { return 0 }
    guard unsafe weir_mac_use_hmac_sha256(mac, key.mac, key.mac.count) == 1,
        unsafe EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), nil, key.cipher, iv) == 1
    else { return -1 }
    return isCurrent ? 1 : 2
}
