public import Wire

/// What an operation answers when it does not succeed.
public struct ServiceError: Error, Sendable, Hashable {
    /// What went wrong, for the client's program.
    public var code: ErrorCode
    /// What went wrong, for people; some of the front end's errors have none.
    public var message: String?

    /// Makes an error with a text of the caller's own.
    public init(_ code: ErrorCode, _ message: String?) {
        self.code = code
        self.message = message
    }

    /// The HTTP status of the response.
    public var status: Int { code.status }

    /// The response body: `__type`, then the text if there is one.
    ///
    /// AWS spells the text's key `message`, except in a SerializationException, where it is
    /// `Message`.
    public func encoded(_ encoding: Encoding) -> [UInt8] {
        var writer = ResponseWriter(encoding, capacity: 96 + (message?.utf8.count ?? 0))
        writer.beginStructure(members: message == nil ? 1 : 2)
        writer.key("__type")
        writer.text(code.name)
        if let message {
            writer.key(code == .serialization ? "Message" : "message")
            writer.text(message)
        }
        writer.endStructure()
        return writer.finish()
    }
}
