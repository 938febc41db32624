/// The numbers of this module.
enum Limits {
    // From the specification.

    /// The most plaintext that one record carries (RFC 8446 §5.1).
    static let recordBytes = 16_384

    // Ours.

    /// Room for a full record with its header, nonce and tag (at most 256 bytes, RFC 8446 §5.2).
    static let outputBytes = recordBytes + 1_024
    /// Where the output stops growing: a handshake flight with a long certificate chain fits many
    /// times over. A connection that exceeds it has failed.
    static let outputBytesMaximum = 1 << 20
    /// What OpenSSL takes from a socket that is its own at a time.
    static let readAheadBytes = 65_536
    /// How long a ticket can be redeemed. Keys live at least as long after their last use for
    /// sealing, if `TicketKeys.rotate` is called no more often than that.
    static let ticketSeconds = 7_200
    /// How many retired ticket keys are still accepted.
    static let retiredTicketKeys = 2
    /// The most bytes of one PEM file that are looked at.
    static let pemBytes = 1 << 20
    /// 2026-01-01T00:00:00Z: earlier than any client's right clock.
    static let authorityStart: Int64 = 1_767_225_600
    static let authorityDays: Int64 = 3_650
    /// Our clock may be this much ahead of the clients' when it issues a certificate.
    static let leafSkewSeconds: Int64 = 30 * 86_400
    /// What browsers and Apple's systems accept at most is 398 days.
    static let leafDays: Int64 = 397
}
