internal import CNGHTTP2

/// The request fields that a session recognises while it reads a head, so that asking for one
/// costs no search.
public enum FieldName: UInt8, Sendable, CaseIterable {
    case authorization
    case contentLength
    case contentType
    case expect
    case host
    case origin
    case connection
    case transferEncoding
    case amzTarget
    case amzDate
    case amzSecurityToken
    case accessControlRequestHeaders
    case accessControlRequestMethod
    case accept
    case userAgent

    /// The name in lower case, as HTTP/2 sends it (RFC 9113 §8.2.1).
    public var text: StaticString {
        switch self {
        case .authorization: "authorization"
        case .contentLength: "content-length"
        case .contentType: "content-type"
        case .expect: "expect"
        case .host: "host"
        case .origin: "origin"
        case .connection: "connection"
        case .transferEncoding: "transfer-encoding"
        case .amzTarget: "x-amz-target"
        case .amzDate: "x-amz-date"
        case .amzSecurityToken: "x-amz-security-token"
        case .accessControlRequestHeaders: "access-control-request-headers"
        case .accessControlRequestMethod: "access-control-request-method"
        case .accept: "accept"
        case .userAgent: "user-agent"
        }
    }

    /// The field whose lower-case name is `name`.
    static func recognise(_ name: UnsafePointer<UInt8>, _ count: Int) -> FieldName? {
        let candidates: (FieldName, FieldName?, FieldName?)
        switch count {
        case 4: candidates = (.host, nil, nil)
        case 6: candidates = unsafe name[0] == 0x61 ? (.accept, nil, nil) : (.expect, .origin, nil)
        case 10: candidates = (.amzDate, .userAgent, .connection)
        case 12: candidates = (.contentType, .amzTarget, nil)
        case 13: candidates = (.authorization, nil, nil)
        case 14: candidates = (.contentLength, nil, nil)
        case 17: candidates = (.transferEncoding, nil, nil)
        case 20: candidates = (.amzSecurityToken, nil, nil)
        case 29: candidates = (.accessControlRequestMethod, nil, nil)
        case 30: candidates = (.accessControlRequestHeaders, nil, nil)
        default: return nil
        }
        if unsafe equal(name, candidates.0.text, count) { return candidates.0 }
        if let other = candidates.1, unsafe equal(name, other.text, count) { return other }
        if let other = candidates.2, unsafe equal(name, other.text, count) { return other }
        return nil
    }
}

/// Whether `count` bytes at `bytes` are `text`, which has that length.
func equal(_ bytes: UnsafePointer<UInt8>, _ text: StaticString, _ count: Int) -> Bool {
    unsafe weir_equal_bytes(bytes, text.utf8Start, count) != 0
}
