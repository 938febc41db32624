public import HTTP
public import Kinesis
public import Wire

/// The fields of a request.
public enum RequestFields {
    /// What every call of an operation has in common; `content-length` is added when it is sent.
    ///
    /// Requests are not signed. A region and an access key's id are said in the place where a
    /// signature would say them.
    public static func make(
        _ operation: Operation, encoding: Encoding, region: String?, accessKeyID: String? = nil
    ) -> FieldList {
        var fields = FieldList()
        fields.append("content-type", encoding.contentType)
        fields.append("x-amz-target", operation.target)
        fields.append("user-agent", "weir-client/1")
        if region != nil || accessKeyID != nil {
            // The date of a scope means nothing without a signature; no region is the server's.
            let scope = "\(accessKeyID ?? "weir")/19700101/\(region ?? "")/kinesis/aws4_request"
            fields.append(
                "authorization",
                "AWS4-HMAC-SHA256 Credential=\(scope), SignedHeaders=host, Signature="
                    + String(repeating: "0", count: 64))
        }
        return fields
    }
}
