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
    /// Clocks of clients may be this much behind ours when they see a certificate made just now.
    static let clockSkewSeconds = 3_600
    static let authorityDays = 3_650
    /// What browsers and Apple's systems accept at most is 398 days.
    static let leafDays = 397
}
