public import HTTP
public import Kinesis
public import Wire

/// The fields of a request.
public enum RequestFields {
    /// What every call of an operation has in common; `content-length` is added when it is sent.
    ///
    /// Requests are not signed. A region is said in the place where a signature would say it.
    public static func make(
        _ operation: Operation, encoding: Encoding, region: String?
    ) -> FieldList {
        var fields = FieldList()
        fields.append("content-type", encoding.contentType)
        fields.append("x-amz-target", operation.target)
        fields.append("user-agent", "weir-client/1")
        if let region {
            // The date of a scope means nothing without a signature.
            fields.append(
                "authorization",
                "AWS4-HMAC-SHA256 Credential=weir/19700101/\(region)/kinesis/aws4_request, "
                    + "SignedHeaders=host, Signature=" + String(repeating: "0", count: 64))
        }
        return fields
    }
}
