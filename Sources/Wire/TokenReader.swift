/// Reads a JSON or CBOR document token by token, without making values of it.
///
/// The reader holds nothing but its place, so what a document costs is decided by who takes the
/// tokens. It is strict: what RFC 8259 or the CBOR subset does not allow is refused at the byte
/// where it stands. A key that occurs twice is given twice.
public struct TokenReader: ~Escapable {
    /// How deep lists and maps may be nested. No request of the protocol goes deeper than four.
    public static let maximumDepth = 32

    /// How many characters a JSON number may have. A double needs at most 24.
    public static let maximumNumberBytes = 512

    /// Tokens that may still be taken.
    private var tokensLeft: Int
    /// Pieces of strings since a token was charged for them.
    private var pieces = 0

    /// What may stand next; CBOR has no separators and uses ``value``, ``key`` and ``end`` alone.
    enum Expectation {
        case value
        case firstElement
        case firstKey
        case key
        case separator
        case end
    }

    let source: Span<UInt8>
    let encoding: Encoding
    var position = 0
    var expectation = Expectation.value
    var depth = 0
    /// Bit `d` is set when the container at depth `d` is a map.
    var maps: UInt64 = 0
    /// For each open CBOR container the items still to come, or -1 if a break ends it.
    var remaining: [32 of Int] = .init(repeating: 0)

    /// A reader at the beginning of `source`, which gives at most so many tokens: what a document
    /// costs is decided by their number more than by its bytes. Inside a string it is the escapes,
    /// the characters that are not ASCII, and the chunks: two of them count as a token. A number that
    /// is no integer counts as four, a long one as more.
    @_lifetime(copy source)
    public init(_ source: Span<UInt8>, _ encoding: Encoding, tokens: Int = .max) {
        self.source = source
        self.encoding = encoding
        tokensLeft = tokens
    }

    /// The offset of the next byte.
    public var offset: Int { position }

    /// The next token; ``Token/end`` once the document is over.
    public mutating func next() throws(WireError) -> Token {
        guard tokensLeft > 0 else { throw fail(.tooManyTokens) }
        tokensLeft -= 1
        switch encoding {
        case .json: return try nextJSON()
        case .cbor: return try nextCBOR()
        }
    }

    /// Reads to the end of the value that `first` began; nothing if it is a scalar.
    public mutating func skip(_ first: Token) throws(WireError) {
        guard first == .beginMap || first == .beginList else { return }
        let outside = depth - 1
        while depth > outside { _ = try next() }
    }

    /// Whether `source` is one whole document of the encoding, of at most so many tokens, and that
    /// document is a map.
    public static func isMap(
        _ source: Span<UInt8>, _ encoding: Encoding, tokens: Int = .max
    ) -> Bool {
        var reader = TokenReader(source, encoding, tokens: tokens)
        do throws(WireError) {
            let first = try reader.next()
            guard first == .beginMap else { return false }
            try reader.skip(first)
            return try reader.next() == .end
        } catch {
            return false
        }
    }

    /// Appends the string itself: escapes resolved, chunks joined.
    ///
    /// The appended text is well-formed UTF-8 and never longer than ``StringRange/count``. A
    /// surrogate escape without its partner becomes U+FFFD.
    public func append(_ string: StringRange, to bytes: inout [UInt8]) {
        let taken = source.extracting(string.lowerBound..<string.upperBound)
        if string.isPlain {
            bytes.append(copying: taken)
        } else if encoding == .json {
            bytes.append(unescaping: taken)
        } else {
            appendChunks(string, to: &bytes)
        }
    }

    /// The bytes of a plain string, or of an escaped one as it was written.
    @_lifetime(copy self)
    public func written(_ string: StringRange) -> Span<UInt8> {
        source.extracting(string.lowerBound..<string.upperBound)
    }

    /// What a number costs that is no integer, in tokens: it is read by way of a text.
    static let tokensOfDecimal = 3
    static let digitsPerToken = 8

    mutating func charge(_ tokens: Int) throws(WireError) {
        guard tokensLeft > tokens else { throw fail(.tooManyTokens) }
        tokensLeft -= tokens
    }

    /// Counts a piece of a string that is looked at by itself.
    mutating func chargePiece() throws(WireError) {
        pieces += 1
        guard pieces & 1 == 0 else { return }
        guard tokensLeft > 0 else { throw fail(.tooManyTokens) }
        tokensLeft -= 1
    }

    func fail(_ reason: WireError.Reason) -> WireError {
        WireError(offset: position, reason: reason)
    }

    var isInMap: Bool { maps & (1 << UInt64(depth)) != 0 }

    mutating func push(map: Bool) throws(WireError) {
        guard depth < Self.maximumDepth else { throw fail(.tooDeep) }
        depth += 1
        if map { maps |= 1 << UInt64(depth) } else { maps &= ~(1 << UInt64(depth)) }
    }
}
