import HTTP
import Kinesis
import Wire

/// A whole answer.
struct Reply: Sendable {
    var status: Int
    var encoding: Encoding
    var body: [UInt8]

    /// The answer of a call that succeeded; else what the service refused it with.
    func document() throws(ClientError) -> Document {
        guard status == 200 else { throw Reply.refusal(status: status, body, encoding) }
        return try Document(body, encoding)
    }

    /// Reads an error: `__type` up to its last `#`, and the text under either spelling of its key.
    static func refusal(status: Int, _ body: [UInt8], _ encoding: Encoding) -> ClientError {
        guard let document = try? Document(body, encoding), let type = document["__type"]?.text
        else { return .response("HTTP status \(status)") }
        let code = type.split(separator: "#").last.map(String.init) ?? type
        let message = document["message"]?.text ?? document["Message"]?.text
        return .service(code: code, message: message, status: status)
    }

    /// The encoding that the answer's content type names; JSON for any other, which then fails to
    /// be read.
    static func encoding(of call: ClientCall) -> Encoding {
        guard let type = call.fields.field(.contentType) else { return .json }
        let cbor = Encoding.cbor.contentType.utf8
        guard type.count >= cbor.count else { return .json }
        var i = 0
        for byte in cbor {
            if type[i] != byte { return .json }
            i += 1
        }
        return .cbor
    }
}

extension ClientError {
    /// What became of a call that was closed before its answer was whole.
    init(closing reason: ExchangeEnd, on connection: ClientConnection?) {
        switch reason {
        case .complete, .protocolError: self = .response("the answer is incomplete")
        case .reset(.refusedStream): self = .unreachable("the server takes no more calls")
        case .reset(let code): self = .lost("the server reset the call (code \(code.rawValue))")
        case .aborted: self = .cancelled
        case .connectionLost:
            self = connection?.closeError ?? .lost("the connection was closed")
        }
    }
}
