/// Tells who makes a request.
///
/// Every request passes here once, after its framing was accepted and before it is examined. For
/// now nothing is verified: the caller is who the credential scope says, which is why the server
/// listens on loopback only. An access key id of exactly twelve digits is the account, so that tests
/// can be several.
///
/// - Parameters:
///   - authorization: The value of the `Authorization` header, if there is one.
///   - query: The query of the request's target, without its question mark, if there is one; a
///     presigned request has its credential there.
///   - defaults: The account, and the region of requests that name none.
/// - Returns: The caller, whatever the bytes: what cannot be read is as if it were not there.
public func authenticate(
    authorization: Span<UInt8>?, query: Span<UInt8>? = nil, defaults: Caller
) -> Caller {
    var caller = Caller(account: defaults.account, region: defaults.region)
    let scope: CredentialScope?
    if let authorization {
        caller.hasCredentials = true
        scope = CredentialScope(authorization: authorization)
    } else if let query {
        caller.hasCredentials = hasParameter("X-Amz-Algorithm", in: query)
        scope = CredentialScope(query: query)
    } else {
        return caller
    }
    guard let scope else { return caller }
    caller.hasCredentials = true
    caller.accessKeyID = scope.accessKeyID
    if isAccount(scope.accessKeyID) { caller.account = scope.accessKeyID }
    caller.region = scope.region ?? defaults.region
    return caller
}

/// Whether an access key's id is an account's number.
private func isAccount(_ id: String) -> Bool {
    id.utf8.count == 12
        && id.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
}
