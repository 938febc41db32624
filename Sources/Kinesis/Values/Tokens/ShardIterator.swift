internal import Wire

/// A place in a shard that a client holds between two calls of GetRecords.
///
/// The client sees an authenticated text of at most 512 characters. It may be used any number of
/// times until it expires, and always stands for the same place.
public struct ShardIterator: Sendable, Hashable {
    /// Where reading goes on.
    public enum Position: Sendable, Hashable {
        /// At the oldest record there is when the iterator is used: it moves with trimming.
        case horizon
        /// At the first record with this index or a greater one.
        case at(index: UInt64)
        /// At the first record with a greater index. LATEST is of this kind too: the newest index
        /// is fixed when the iterator is issued.
        case after(index: UInt64)
        /// At the first record that arrived at this time or later, in milliseconds since 1970;
        /// found when the iterator is used.
        case arrival(milliseconds: Int64)
    }

    /// The incarnation of the stream: a stream that was made again under the same name has another.
    public var stream: UInt64
    /// The name of the stream, at most 128 bytes of ASCII, for the answer if it is gone.
    public var streamName: String
    /// The index of the shard.
    public var shard: UInt32
    /// Where reading goes on.
    public var position: Position
    /// The offset at which the log had that place when the iterator was issued: a hint that saves
    /// a search, and that the log has to check, since a crash may have put another record there.
    public var offset: UInt64?
    /// When the iterator was issued, in milliseconds since 1970.
    public var issuedMilliseconds: Int64

    /// The longest text of an iterator that the service's model allows.
    public static let greatestTextCount = 512
    /// How long an iterator can be used: five minutes.
    public static let lifetimeMilliseconds: Int64 = 300_000

    /// The iterator for the given place.
    public init(
        stream: UInt64, streamName: String = "", shard: UInt32, position: Position,
        offset: UInt64? = nil, issuedMilliseconds: Int64
    ) {
        precondition(streamName.utf8.count <= 128, "names of streams have at most 128 characters")
        self.stream = stream
        self.streamName = streamName
        self.shard = shard
        self.position = position
        self.offset = offset
        self.issuedMilliseconds = issuedMilliseconds
    }
}

// The plain bytes: format version (1 byte, 1), kind of position (1), incarnation (8), shard (4),
// value of the position (8), offset + 1 or 0 (8), time of issue (8), name of the stream (the rest).
// With the tag and as base64 that is at most 244 characters.
extension ShardIterator {
    private static let version: UInt8 = 1
    private static let fixedCount = 38

    /// Returns the text for the client.
    public func sealed(with key: TokenKey) -> String {
        let (kind, value): (UInt8, UInt64) =
            switch position {
            case .horizon: (0, 0)
            case .at(let index): (1, index)
            case .after(let index): (2, index)
            case .arrival(let milliseconds): (3, UInt64(bitPattern: milliseconds))
            }
        var plain: [UInt8] = []
        plain.append(addingCapacity: Self.fixedCount + streamName.utf8.count) { plain in
            plain.append(Self.version)
            plain.append(kind)
            plain.appendBigEndian(stream)
            plain.appendBigEndian(shard)
            plain.appendBigEndian(value)
            plain.appendBigEndian(offset.map { $0 &+ 1 } ?? 0)
            plain.appendBigEndian(UInt64(bitPattern: issuedMilliseconds))
            plain.append(copying: streamName.utf8.span)
        }
        return SealedToken.seal(plain, with: key.iterators)
    }

    /// Reads a text that ``sealed(with:)`` returned for the same key, or returns nil for any other.
    ///
    /// Like AWS, this also takes such a text within double quotes, which shells and scripts leave
    /// around it.
    public static func open(_ text: Span<UInt8>, with key: TokenKey) -> ShardIterator? {
        guard text.count <= greatestTextCount else { return nil }
        var text = text
        let quote = UInt8(ascii: "\"")
        if text.count >= 2, text[0] == quote, text[text.count - 1] == quote {
            text = text.extracting(1..<text.count - 1)
        }
        guard let bytes = SealedToken.open(text, with: key.iterators) else { return nil }
        return ShardIterator(plain: bytes.span)
    }

    private init?(plain: Span<UInt8>) {
        guard plain.count >= Self.fixedCount, plain[0] == Self.version else { return nil }
        let value = plain.bigEndianUInt64(at: 14)
        switch plain[1] {
        case 0: position = .horizon
        case 1: position = .at(index: value)
        case 2: position = .after(index: value)
        case 3: position = .arrival(milliseconds: Int64(bitPattern: value))
        default: return nil
        }
        stream = plain.bigEndianUInt64(at: 2)
        shard = plain.bigEndianUInt32(at: 10)
        let storedOffset = plain.bigEndianUInt64(at: 22)
        offset = storedOffset == 0 ? nil : storedOffset - 1
        issuedMilliseconds = Int64(bitPattern: plain.bigEndianUInt64(at: 30))
        let name = plain.extracting(Self.fixedCount...)
        guard name.isEmpty || isName(name) else { return nil }
        streamName = String(decodingASCII: name)
    }
}

extension ShardIterator {
    /// Returns AWS's text for an expired iterator, or nil while it can be used.
    ///
    /// - Parameters:
    ///   - nowMilliseconds: The time, in milliseconds since 1970. A time before the issue counts
    ///     as the issue: clocks are set back.
    ///   - toleratedMilliseconds: How long an iterator can be used; the last millisecond counts.
    public func expiry(
        nowMilliseconds: Int64, toleratedMilliseconds: Int64 = lifetimeMilliseconds
    ) -> String? {
        let age = nowMilliseconds.subtractingReportingOverflow(issuedMilliseconds)
        guard age.overflow ? nowMilliseconds > 0 : age.partialValue > toleratedMilliseconds else {
            return nil
        }
        let issued = CivilTime(milliseconds: issuedMilliseconds)
        let now = CivilTime(milliseconds: nowMilliseconds)
        return """
            Iterator expired. The iterator was created at time \(issued) while right now it is \
            \(now) which is further in the future than the tolerated delay of \
            \(toleratedMilliseconds) milliseconds.
            """
    }
}
