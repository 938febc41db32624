/// Recognises a client that forgot the `s` of `https`.
enum PlainHTTP {
    /// The methods of RFC 9110 §9 and RFC 5789, each with the space behind it, and the preface of
    /// HTTP/2 (RFC 9113 §3.4). No TLS record begins with a letter.
    private static let beginnings: [[UInt8]] = [
        "GET ", "HEAD ", "POST ", "PUT ", "DELETE ", "CONNECT ", "OPTIONS ", "TRACE ", "PATCH ",
        "PRI * HTTP/2.0",
    ].map { [UInt8]($0.utf8) }

    /// Whether `bytes` begin with one of them; fewer bytes than it has must be its beginning.
    static func matches(_ bytes: Span<UInt8>) -> Bool {
        if bytes.isEmpty { return false }
        for beginning in beginnings {
            let count = min(bytes.count, beginning.count)
            var i = 0
            while i < count, bytes[i] == beginning[i] { i += 1 }
            if i == count { return true }
        }
        return false
    }
}
