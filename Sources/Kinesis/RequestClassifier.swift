public import Wire

/// What is decided about a request before any operation sees it.
///
/// The order of the checks is AWS's own, and so are the bodies: an HTTP method other than POST, an
/// empty body, a content type that is not understood, a body that cannot be read, `application/json`,
/// and last a target that names no operation.
public enum RequestClassifier {
    /// A response in full but for the fields that every response has.
    public struct Refusal: Sendable, Hashable {
        public var status: Int
        public var contentType: String
        public var body: [UInt8]

        /// A response of these parts.
        public init(status: Int, contentType: String, body: [UInt8]) {
            self.status = status
            self.contentType = contentType
            self.body = body
        }
    }

    /// Where a request goes.
    public enum Classification: Sendable, Hashable {
        /// To this operation, whose body has not been read yet.
        case operation(Operation, Encoding)
        /// Back, with this response.
        case refusal(Refusal)
    }

    /// Classifies a request whose body is complete.
    ///
    /// The body of a known operation is not read here: its `decode` refuses what cannot be, with the
    /// same answer.
    ///
    /// - Parameters:
    ///   - isPost: Whether the method is POST. A preflight, which has an answer of its own, does not
    ///     come here.
    ///   - contentType: The value of `content-type`.
    ///   - target: The value of `x-amz-target`.
    ///   - body: The whole body.
    public static func classify(
        isPost: Bool, contentType: Span<UInt8>?, target: Span<UInt8>?, body: Span<UInt8>
    ) -> Classification {
        guard isPost else { return .refusal(accessDenied) }
        let media = Media(contentType)
        let operation: Operation? = if let target { Operation(target: target) } else { nil }
        if body.isEmpty {
            let error =
                operation == nil ? ServiceError.unknownOperation : ServiceError.unreadableBody
            return .refusal(refusal(error, media == .encoded(.json) ? .json : .cbor))
        }
        switch media {
        case .other:
            let isNamed = if let target { namesAnything(target) } else { false }
            return .refusal(isNamed ? unknownOperationXML : accessDenied)
        case .plainJSON:
            let isReadable = TokenReader.isMap(body, .json, tokens: Limits.tokensAtOnce)
            return .refusal(isReadable ? unknownOperationEnvelope : unreadableEnvelope)
        case .encoded(let encoding):
            if let operation {
                if operation == .kinesis(.subscribeToShard), encoding == .cbor {
                    return .refusal(refusal(subscribeInCBOR, .cbor))
                }
                return .operation(operation, encoding)
            }
            let isReadable = TokenReader.isMap(body, encoding, tokens: Limits.tokensAtOnce)
            let error = isReadable ? ServiceError.unknownOperation : ServiceError.unreadableBody
            return .refusal(refusal(error, encoding))
        }
    }

    /// A ServiceError as a whole response.
    public static func refusal(_ error: ServiceError, _ encoding: Encoding) -> Refusal {
        Refusal(
            status: error.status, contentType: encoding.contentType,
            body: error.encoded(encoding))
    }

    /// What the content type says, without its parameters.
    private enum Media: Equatable {
        case encoded(Encoding)
        case plainJSON
        case other

        init(_ contentType: Span<UInt8>?) {
            guard let contentType else {
                self = .other
                return
            }
            let value = contentType.extracting(essence(of: contentType))
            if equals(value, Encoding.json.contentType) {
                self = .encoded(.json)
            } else if equals(value, Encoding.cbor.contentType) {
                self = .encoded(.cbor)
            } else {
                self = equals(value, "application/json") ? .plainJSON : .other
            }
        }
    }

    /// Events are JSON, and no client asks for them in CBOR: its SDK has a protocol of its own for
    /// this call. AWS answers 500; a client that would repeat that is told what is wrong instead.
    private static let subscribeInCBOR = ServiceError(
        .serialization, "SubscribeToShard is only available as application/x-amz-json-1.1.")

    /// Whether a target has a service and an operation, of whatever names.
    private static func namesAnything(_ target: Span<UInt8>) -> Bool {
        for index in target.indices where target[index] == UInt8(ascii: ".") {
            return index > 0 && index + 1 < target.count
        }
        return false
    }

    private static let xmlType = "application/xml"

    /// What is not a request to the service at all.
    public static let accessDenied = Refusal(
        status: 403, contentType: xmlType,
        body: Array(
            """
            <AccessDeniedException>
              <Message>Unable to determine service/operation name to be authorized</Message>
            </AccessDeniedException>

            """.utf8))

    private static let unknownOperationXML = Refusal(
        status: 404, contentType: xmlType, body: Array("<UnknownOperationException/>\n".utf8))

    private static let unreadableEnvelope = envelope("SerializationException", status: 400)
    private static let unknownOperationEnvelope = envelope("UnknownOperationException", status: 404)

    private static func envelope(_ code: String, status: Int) -> Refusal {
        let text =
            #"{"Output":{"__type":"com.amazon.coral.service#\#(code)"},"Version":"1.0"}"#
        return Refusal(status: status, contentType: "application/json", body: Array(text.utf8))
    }
}

/// A content type before its parameters, without the spaces around it.
private func essence(of value: Span<UInt8>) -> Range<Int> {
    var end = 0
    while end < value.count, value[end] != UInt8(ascii: ";") { end += 1 }
    var start = 0
    while start < end, value[start] == 0x20 || value[start] == 0x09 { start += 1 }
    while end > start, value[end - 1] == 0x20 || value[end - 1] == 0x09 { end -= 1 }
    return start..<end
}

private func equals(_ value: Span<UInt8>, _ word: String) -> Bool {
    guard value.count == word.utf8.count else { return false }
    let expected = word.utf8.span
    for index in value.indices where value[index] != expected[index] { return false }
    return true
}
