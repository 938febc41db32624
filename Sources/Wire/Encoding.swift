/// How a request or response body is written.
///
/// AWS's JSON protocol, version 1.1, has both: a caller chooses by the content type of the request
/// and is answered in kind.
public enum Encoding: Sendable, Hashable {
    /// JSON (RFC 8259), `application/x-amz-json-1.1`.
    case json
    /// CBOR (RFC 8949), `application/x-amz-cbor-1.1`.
    case cbor

    /// The content type that names this encoding in requests and responses.
    public var contentType: String {
        switch self {
        case .json: "application/x-amz-json-1.1"
        case .cbor: "application/x-amz-cbor-1.1"
        }
    }
}
