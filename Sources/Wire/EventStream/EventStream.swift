/// The messages of an AWS event stream (`application/vnd.amazon.eventstream`): the body of a
/// SubscribeToShard response.
///
/// A message is, all numbers big-endian: its total length (4 bytes), the length of its headers (4),
/// the CRC-32 of these eight bytes (4), headers, payload, and the CRC-32 of everything before (4).
/// A header is its name's length (1), its name, the type of its value (1) and the value. Everything
/// here is a pure function of its arguments.
public enum EventStream {
    /// The media type of the stream; some clients compare it for equality, so that it takes no
    /// parameters.
    public static let contentType: StaticString = "application/vnd.amazon.eventstream"

    /// The message that must come first in every stream and must be flushed at once: clients
    /// do not return from the call before they have it.
    public static let initialResponse: [UInt8] = {
        var message = EventStreamBuilder(eventType: "initial-response", capacity: 2)
        message.frame.append(copying: "{}".utf8.span)
        return message.finish()
    }()

    /// Returns the message that ends a stream with a modelled exception, such as
    /// `ResourceInUseException`.
    ///
    /// - Parameter type: The code of the exception, at most 255 ASCII characters.
    public static func exception(_ type: String, message: String) -> [UInt8] {
        var builder = EventStreamBuilder(
            (":exception-type", type), (":content-type", payloadType),
            (":message-type", "exception"), capacity: message.utf8.count + 16)
        var payload = ResponseWriter(.json, after: builder.takeFrame())
        payload.beginStructure()
        payload.key("message")
        payload.text(message)
        payload.endStructure()
        return builder.finish(payload.finish())
    }

    /// Returns the message that ends a stream with an error that the service's model does not
    /// have. It has no payload: both texts are headers, each cut at
    /// ``EventStreamLimits/errorTextBytes``.
    public static func error(code: String, message: String) -> [UInt8] {
        var builder = EventStreamBuilder(
            (":error-code", code), (":error-message", message), (":message-type", "error"),
            capacity: 0)
        return builder.finish()
    }

    static let payloadType = "application/x-amz-json-1.1"
}
