/// Tells HTTP/2 from HTTP/1.1 by a connection's first bytes, for clients that negotiate TLS
/// without ALPN.
public enum ProtocolDetector {
    public enum Verdict: Sendable, Equatable {
        case http2, http1, needMore
    }

    /// Looks at the first bytes of a connection, all that have come so far.
    ///
    /// Any prefix of the HTTP/2 preface's first line is undecided; its 14th byte decides.
    public static func detect(_ firstBytes: Span<UInt8>) -> Verdict {
        let preface = Limits.clientPreface
        let decisive = 14
        for i in 0..<min(firstBytes.count, decisive)
        where unsafe firstBytes[i] != preface.utf8Start[i] {
            return .http1
        }
        return firstBytes.count < decisive ? .needMore : .http2
    }
}
