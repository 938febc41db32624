/// The answer to plain HTTP on a port that speaks TLS.
public enum PlainHTTP {
    /// Whether a connection's first bytes, at least one, begin a plain HTTP request. A TLS client
    /// begins with 22, the content type of a handshake (RFC 8446 §5.1); methods are upper case.
    public static func begins(_ firstBytes: Span<UInt8>) -> Bool {
        guard firstBytes.count > 0 else { return false }
        return firstBytes[0] >= 0x41 && firstBytes[0] <= 0x5a
    }

    /// A whole HTTP/1.1 response with status 400 that says to use https.
    public static func answer(_ context: HTTPContext) -> [UInt8] {
        let output = HTTP1Output()
        output.queueRefusal(
            context.refusal(400),
            "This port speaks TLS only: use https:// in the endpoint address.\n")
        return output.takeQueue()
    }
}
