internal import Wire

/// The place in a listing at which the next page begins, with the filter that the listing began
/// with; an authenticated text to the client.
public struct PageToken: Sendable, Hashable {
    /// What is listed; a token of one listing is none of another.
    public enum Listing: UInt8, Sendable, Hashable, CaseIterable {
        /// ListStreams.
        case streams = 1
        /// ListShards.
        case shards = 2
        /// ListStreamConsumers.
        case consumers = 3
        /// ListCursors, an operation of ours.
        case cursors = 4
    }

    /// What is listed.
    public var listing: Listing
    /// When the token was issued, in milliseconds since 1970.
    public var issuedMilliseconds: Int64
    /// The place and the filter, in a form of the listing's own.
    public var contents: [UInt8]

    /// The longest text of a token that the service's model allows.
    public static let greatestTextCount = 1_048_576
    /// The most bytes that the contents may have, so that the text stays short: names, a timestamp
    /// and a few numbers need much less.
    public static let greatestContentsCount = 4096
    /// How long a token can be used: five minutes.
    public static let lifetimeMilliseconds: Int64 = 300_000

    /// The token for the given place, with at most ``greatestContentsCount`` bytes of contents.
    public init(listing: Listing, issuedMilliseconds: Int64, contents: [UInt8]) {
        precondition(contents.count <= Self.greatestContentsCount, "a page token became too long")
        self.listing = listing
        self.issuedMilliseconds = issuedMilliseconds
        self.contents = contents
    }

    /// Tells whether the token is too old to be used at `nowMilliseconds` since 1970.
    public func isExpired(
        nowMilliseconds: Int64, toleratedMilliseconds: Int64 = lifetimeMilliseconds
    ) -> Bool {
        let age = nowMilliseconds.subtractingReportingOverflow(issuedMilliseconds)
        return age.overflow ? nowMilliseconds > 0 : age.partialValue > toleratedMilliseconds
    }
}

// The plain bytes: format version (1 byte, 1), listing (1), time of issue (8), contents (the rest).
extension PageToken {
    private static let version: UInt8 = 1
    private static let fixedCount = 10

    /// Returns the text for the client.
    public func sealed(with key: TokenKey) -> String {
        var plain: [UInt8] = []
        plain.append(addingCapacity: Self.fixedCount + contents.count) { plain in
            plain.append(Self.version)
            plain.append(listing.rawValue)
            plain.appendBigEndian(UInt64(bitPattern: issuedMilliseconds))
            plain.append(copying: contents.span)
        }
        return SealedToken.seal(plain, with: key.pages)
    }

    /// Reads a text that ``sealed(with:)`` returned for the same listing and key, or returns nil
    /// for any other.
    public static func open(
        _ text: Span<UInt8>, of listing: Listing, with key: TokenKey
    ) -> PageToken? {
        // No token of ours is longer, so that a stranger's megabyte is not worth a digest.
        let greatest = Base64.encodedCount(
            fixedCount + greatestContentsCount + SealedToken.tagCount)
        guard text.count <= greatest, let bytes = SealedToken.open(text, with: key.pages),
            bytes.count >= fixedCount, bytes[0] == version, bytes[1] == listing.rawValue
        else { return nil }
        return PageToken(
            listing: listing,
            issuedMilliseconds: Int64(bitPattern: bytes.span.bigEndianUInt64(at: 2)),
            contents: Array(bytes[fixedCount...]))
    }
}
