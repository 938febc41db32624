/// The part of a signature (AWS Signature Version 4) that says which key made it and for what:
/// `KEY/DATE/REGION/SERVICE/aws4_request`.
struct CredentialScope: Hashable {
    /// The id of the key.
    let accessKeyID: String
    /// The region, or nil if what stands there cannot be one.
    let region: String?

    /// Reads the scope of an `Authorization` header such as
    /// `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`; nil if there is none.
    init?(authorization: Span<UInt8>) {
        guard let algorithmEnd = authorization.firstIndex(of: UInt8(ascii: " "), from: 0) else {
            return nil
        }
        var start = algorithmEnd
        while start < authorization.count {
            let end = authorization.firstIndex(of: UInt8(ascii: ","), from: start)
            let parameter = authorization.extracting(start..<(end ?? authorization.count)).trimmed
            if let value = parameter.value(of: "Credential") {
                self.init(value)
                return
            }
            start = end.map { $0 + 1 } ?? authorization.count
        }
        return nil
    }

    /// Reads the scope of the `X-Amz-Credential` parameter of a query; nil if there is none.
    init?(query: Span<UInt8>) {
        var start = 0
        while start < query.count {
            let end = query.firstIndex(of: UInt8(ascii: "&"), from: start) ?? query.count
            if let value = query.extracting(start..<end).value(of: "X-Amz-Credential") {
                guard let decoded = percentDecoded(value) else { return nil }
                self.init(decoded.span)
                return
            }
            start = end + 1
        }
        return nil
    }

    private init?(_ scope: Span<UInt8>) {
        var parts: [Range<Int>] = []
        var start = 0
        while let end = scope.firstIndex(of: UInt8(ascii: "/"), from: start), parts.count < 5 {
            parts.append(start..<end)
            start = end + 1
        }
        parts.append(start..<scope.count)
        guard parts.count == 5, let key = keyID(scope.extracting(parts[0])) else {
            return nil
        }
        accessKeyID = key
        region = Access.region(scope.extracting(parts[2]))
    }
}

/// Tells whether a query has a parameter of this name.
func hasParameter(_ name: StaticString, in query: Span<UInt8>) -> Bool {
    var start = 0
    while start < query.count {
        let end = query.firstIndex(of: UInt8(ascii: "&"), from: start) ?? query.count
        if query.extracting(start..<end).value(of: name) != nil {
            return true
        }
        start = end + 1
    }
    return false
}

/// The text of a region, `[a-z0-9-]{1,32}`; nil for anything else. Regions become part of ARNs and
/// of the names that streams are found by.
private func region(_ text: Span<UInt8>) -> String? {
    guard (1...32).contains(text.count) else { return nil }
    var region = ""
    for i in text.indices {
        switch text[i] {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"):
            region.unicodeScalars.append(Unicode.Scalar(text[i]))
        default:
            return nil
        }
    }
    return region
}

/// The text of an access key's id, 1 to 128 visible ASCII characters; nil for anything else.
private func keyID(_ text: Span<UInt8>) -> String? {
    guard (1...128).contains(text.count) else { return nil }
    var id = ""
    for i in text.indices {
        guard (0x21...0x7E).contains(text[i]) else { return nil }
        id.unicodeScalars.append(Unicode.Scalar(text[i]))
    }
    return id
}

/// The bytes that a text with `%XX` escapes stands for; nil if an escape is incomplete. No text
/// longer than a credential scope can be is decoded.
private func percentDecoded(_ text: Span<UInt8>) -> [UInt8]? {
    guard text.count <= 1024 else { return nil }
    var bytes: [UInt8] = []
    var i = 0
    while i < text.count {
        guard text[i] == UInt8(ascii: "%") else {
            bytes.append(text[i])
            i += 1
            continue
        }
        guard text.count - i >= 3, let high = hexadecimalDigit(text[i + 1]),
            let low = hexadecimalDigit(text[i + 2])
        else { return nil }
        bytes.append(high << 4 | low)
        i += 3
    }
    return bytes
}

private func hexadecimalDigit(_ character: UInt8) -> UInt8? {
    switch character {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
    default: nil
    }
}

extension Span where Element == UInt8 {
    /// The offset of the first such byte at `start` or behind it.
    fileprivate func firstIndex(of byte: UInt8, from start: Int) -> Int? {
        var i = start
        while i < count {
            if self[i] == byte { return i }
            i += 1
        }
        return nil
    }

    /// Without the spaces at both ends.
    fileprivate var trimmed: Span<UInt8> {
        @_lifetime(copy self)
        get {
            var start = 0
            var end = count
            while start < end && self[start] == UInt8(ascii: " ") { start += 1 }
            while end > start && self[end - 1] == UInt8(ascii: " ") { end -= 1 }
            return extracting(start..<end)
        }
    }

    /// The value of `name=value`; nil if the parameter has another name.
    @_lifetime(copy self)
    fileprivate func value(of name: StaticString) -> Span<UInt8>? {
        var i = 0
        for byte in name.description.utf8 {
            guard i < count, self[i] == byte else { return nil }
            i += 1
        }
        guard i < count, self[i] == UInt8(ascii: "=") else { return nil }
        return extracting((i + 1)...)
    }
}
