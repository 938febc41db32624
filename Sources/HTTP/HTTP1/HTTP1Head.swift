/// How the body of an HTTP/1.1 request is delimited (RFC 9112 §6).
enum HTTP1BodyLength {
    case none
    case bytes(Int)
    case chunked
}

/// What a valid HTTP/1.1 head says about its message beyond method, target and fields.
struct HTTP1Framing {
    var body = HTTP1BodyLength.none
    var isHTTP10 = false
    var closes = false
}

/// Reads a whole HTTP/1.1 request head, strictly: two readers that disagree about where a request
/// ends let one smuggle a second past the other, so whatever RFC 9112 lets a server repair is
/// refused here.
///
/// The arena of `head` holds the lines with their line ends, the empty line included; it was
/// checked that CR and LF occur only together.
///
/// It works in the head's arena and lives no longer than `read`.
@safe struct HTTP1HeadReader {
    private let head: RequestHead
    private let bytes: UnsafeMutablePointer<UInt8>
    private var framing = HTTP1Framing()
    private var hosts = 0
    private var lengths = 0
    private var codings = 0

    /// Fills in `head`; a number is the status to refuse it with.
    static func read(_ head: RequestHead) -> Result<HTTP1Framing, Refusal> {
        var reader = HTTP1HeadReader(head)
        if let refusal = reader.readLines() { return .failure(refusal) }
        return .success(reader.framing)
    }

    struct Refusal: Error {
        var status: Int
        init(_ status: Int) { self.status = status }
    }

    private init(_ head: RequestHead) {
        self.head = head
        unsafe bytes = head.base
    }

    private mutating func readLines() -> Refusal? {
        var at = lineEnd(0)
        guard readRequestLine(at) else { return Refusal(400) }
        at += 2
        while true {
            let end = lineEnd(at)
            if end == at { break }
            if let refusal = readField(at, end) { return refusal }
            at = end + 2
        }
        // One Host, which a 1.0 client may leave out (RFC 9112 §3.2).
        guard hosts == 1 || hosts == 0 && framing.isHTTP10 else { return Refusal(400) }
        // Both together are the classic smuggling vector (RFC 9112 §6.1).
        guard codings == 0 || lengths == 0 && !framing.isHTTP10 else { return Refusal(400) }
        if framing.isHTTP10 { framing.closes = true }
        return nil
    }

    private func lineEnd(_ start: Int) -> Int {
        var at = start
        while unsafe bytes[at] != 0x0d { at += 1 }
        return at
    }

    /// `method SP target SP version`, single spaces only (RFC 9112 §3).
    private mutating func readRequestLine(_ end: Int) -> Bool {
        var at = 0
        while at < end, unsafe HTTP1Bytes.isToken(bytes[at]) { at += 1 }
        guard at > 0, at < end, unsafe bytes[at] == 0x20 else { return false }
        head.setMethod(0, at)
        let target = at + 1
        at = target
        while at < end, unsafe bytes[at] > 0x20, unsafe bytes[at] < 0x7f { at += 1 }
        guard at > target, at < end, unsafe bytes[at] == 0x20 else { return false }
        guard readTarget(target, at) else { return false }
        let version = unsafe bytes + at + 1
        guard end - at - 1 == 8 else { return false }
        if unsafe equal(version, "HTTP/1.1", 8) { return true }
        framing.isHTTP10 = true
        return unsafe equal(version, "HTTP/1.0", 8)
    }

    /// Origin form, absolute form, or `*` for OPTIONS (RFC 9112 §3.2).
    private func readTarget(_ start: Int, _ end: Int) -> Bool {
        if unsafe bytes[start] == 0x2f {
            head.setPath(start, end - start)
            return true
        }
        if end - start == 1, unsafe bytes[start] == 0x2a {
            head.setPath(start, 1)
            return head.method == .options
        }
        let count = end - start
        let prefix: Int
        if count > 8, unsafe HTTP1Bytes.equalIgnoringCase(bytes + start, "https://", 8) {
            prefix = 8
        } else if count > 7, unsafe HTTP1Bytes.equalIgnoringCase(bytes + start, "http://", 7) {
            prefix = 7
        } else {
            return false
        }
        let authority = start + prefix
        var at = authority
        while at < end, unsafe bytes[at] != 0x2f, unsafe bytes[at] != 0x3f { at += 1 }
        guard at > authority, isHost(authority, at) else { return false }
        head.setAuthority(authority, at - authority)
        head.setPath(at, end - at)
        return true
    }

    private mutating func readField(_ start: Int, _ end: Int) -> Refusal? {
        var colon = start
        // A line that begins with white space continues the one before (obs-fold), and white space
        // before the colon hides a name from some readers; neither is a token (RFC 9112 §5).
        while colon < end, unsafe HTTP1Bytes.isToken(bytes[colon]) {
            let byte = unsafe bytes[colon]
            if byte >= 0x41, byte <= 0x5a { unsafe bytes[colon] = byte | 0x20 }
            colon += 1
        }
        guard colon > start, colon < end, unsafe bytes[colon] == 0x3a else { return Refusal(400) }
        var valueStart = colon + 1
        var valueEnd = end
        while valueStart < valueEnd, unsafe HTTP1Bytes.isBlank(bytes[valueStart]) {
            valueStart += 1
        }
        while valueEnd > valueStart, unsafe HTTP1Bytes.isBlank(bytes[valueEnd - 1]) {
            valueEnd -= 1
        }
        for at in valueStart..<valueEnd where unsafe !HTTP1Bytes.isValue(bytes[at]) {
            return Refusal(400)
        }
        let added = head.addField(
            nameStart: start, nameCount: colon - start, valueStart: valueStart,
            valueCount: valueEnd - valueStart)
        guard let added else { return Refusal(431) }
        guard let name = added else { return nil }
        return interpret(name, valueStart, valueEnd) ? nil : Refusal(400)
    }

    /// The fields that framing depends on.
    private mutating func interpret(_ name: FieldName, _ start: Int, _ end: Int) -> Bool {
        switch name {
        case .host:
            hosts += 1
            return hosts == 1 && isHost(start, end)
        case .contentLength:
            lengths += 1
            // Digits only, so a list is refused even when its members agree.
            guard lengths == 1, let length = unsafe Decimal.read(bytes + start, end - start) else {
                return false
            }
            head.declaredLength = length
            if codings == 0 { framing.body = length > 0 ? .bytes(length) : .none }
            return true
        case .transferEncoding:
            codings += 1
            framing.body = .chunked
            guard codings == 1, end - start == 7 else { return false }
            return unsafe HTTP1Bytes.equalIgnoringCase(bytes + start, "chunked", 7)
        case .connection:
            readConnection(start, end)
            return true
        default:
            return true
        }
    }

    private mutating func readConnection(_ start: Int, _ end: Int) {
        var at = start
        while at < end {
            while at < end, unsafe bytes[at] == 0x2c || HTTP1Bytes.isBlank(bytes[at]) { at += 1 }
            let option = at
            while at < end, unsafe HTTP1Bytes.isToken(bytes[at]) { at += 1 }
            if at - option == 5, unsafe HTTP1Bytes.equalIgnoringCase(bytes + option, "close", 5) {
                framing.closes = true
            }
            if at == option { at += 1 }
        }
    }

    /// The characters of a host with its port (RFC 3986 §3.2.2).
    private func isHost(_ start: Int, _ end: Int) -> Bool {
        for at in start..<end {
            switch unsafe bytes[at] {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: continue
            case 0x21, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x2b, 0x2c, 0x2d, 0x2e, 0x3a,
                0x3b, 0x3d, 0x5b, 0x5d, 0x5f, 0x7e:
                continue
            default: return false
            }
        }
        return true
    }
}

/// Classes of bytes in HTTP/1.1 (RFC 9110 §5.5, §5.6.2).
enum HTTP1Bytes {
    // One bit for each character of a token: digits, letters and !#$%&'*+-.^_`|~.
    private static let tokenLow: UInt64 = 0x03ff_6cfa_0000_0000
    private static let tokenHigh: UInt64 = 0x57ff_ffff_c7ff_fffe

    static func isToken(_ byte: UInt8) -> Bool {
        if byte < 64 { return tokenLow >> UInt64(byte) & 1 == 1 }
        return byte < 128 && tokenHigh >> UInt64(byte - 64) & 1 == 1
    }

    static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    static func isValue(_ byte: UInt8) -> Bool { byte >= 0x20 && byte != 0x7f || byte == 0x09 }

    /// `text` has only letters, digits, `:` and `/`.
    static func equalIgnoringCase(
        _ bytes: UnsafeMutablePointer<UInt8>, _ text: StaticString, _ count: Int
    ) -> Bool {
        for i in 0..<count {
            var byte = unsafe bytes[i]
            if byte >= 0x41, byte <= 0x5a { byte |= 0x20 }
            if unsafe byte != text.utf8Start[i] { return false }
        }
        return true
    }
}
