/// The response fields by which a browser lets a page of another origin use the service.
///
/// The values are those that AWS sends. Every response to a request with an `origin` field has
/// ``fields``; a preflight (OPTIONS with an `origin`) is answered 200 with an empty body, these, and
/// those of ``preflight(requestedHeaders:requestedMethod:)``.
public enum CrossOrigin {
    /// A header field; the name is in lower case, as HTTP/2 wants it.
    public typealias Field = (name: String, value: String)

    /// For the response to any request with an `origin` field.
    public static let fields: [Field] = [
        ("access-control-allow-origin", "*"),
        (
            "access-control-expose-headers",
            "x-amzn-RequestId,x-amzn-ErrorType,x-amz-request-id,x-amz-id-2,x-amzn-ErrorMessage,Date"
        ),
    ]

    /// How long a browser may keep a preflight's answer, in seconds: two days.
    public static let maximumAge = 172_800

    /// For the answer to a preflight, beside `access-control-allow-origin`; it grants what was asked.
    ///
    /// - Parameters:
    ///   - requestedHeaders: The value of `access-control-request-headers`.
    ///   - requestedMethod: The value of `access-control-request-method`.
    public static func preflight(
        requestedHeaders: String?, requestedMethod: String?
    ) -> [Field] {
        var fields: [Field] = []
        if let requestedHeaders {
            fields.append(("access-control-allow-headers", requestedHeaders))
        }
        if let requestedMethod {
            fields.append(("access-control-allow-methods", requestedMethod))
        }
        fields.append(("access-control-max-age", String(maximumAge)))
        return fields
    }
}
