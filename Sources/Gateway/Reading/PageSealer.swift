import Catalog
import Kinesis
import Wire

/// Makes the token of a listing's next page: where it begins, and the filter that the listing began
/// with. A token is authenticated and expires. It is a value, so that any thread can make one.
struct PageSealer: Sendable {
    let key: TokenKey
    /// The present, milliseconds since 1970.
    let now: Int64

    /// The token of these parts, which hold names and numbers, no slashes.
    func seal(_ parts: [String], _ listing: PageToken.Listing) -> String {
        PageToken(
            listing: listing, issuedMilliseconds: now,
            contents: Array(parts.joined(separator: "/").utf8)
        ).sealed(with: key)
    }
}

extension OperationContext {
    var sealer: PageSealer { PageSealer(key: tokenKey, now: presentMilliseconds) }

    /// The parts of a token that a `PageSealer` made.
    func open(
        _ text: String, _ listing: PageToken.Listing, parts count: Int
    ) throws(ServiceError) -> [String] {
        guard let token = PageToken.open(text.utf8.span, of: listing, with: tokenKey) else {
            throw .invalidNextToken
        }
        let now = now(after: token.issuedMilliseconds)
        if token.isExpired(nowMilliseconds: now, toleratedMilliseconds: tokenLifetime) {
            throw .expiredNextToken
        }
        let parts = String(decoding: token.contents, as: UTF8.self)
            .split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == count else { throw .invalidNextToken }
        return parts
    }
}
