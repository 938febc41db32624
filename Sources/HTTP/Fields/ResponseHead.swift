/// Status and fields of a response.
///
/// The session adds what belongs to framing: `content-length`, `transfer-encoding`, and on
/// HTTP/1.1 `connection: close` when it is going to close. None of these may be among `fields`.
public struct ResponseHead: Sendable {
    /// A final status, 200 to 599 (RFC 9110 §15).
    public var status: Int
    public var fields: FieldList

    public init(status: Int, fields: FieldList = FieldList()) {
        self.status = status
        self.fields = fields
    }
}
