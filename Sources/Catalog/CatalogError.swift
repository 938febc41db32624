/// Why the bytes of a control entry or snapshot were not taken.
public struct CatalogError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Reason: Sendable, Hashable {
        /// The bytes end inside a field.
        case truncated
        /// A field has a value that no version writes.
        case malformed(String)
        /// A control entry of a kind, or of a version of its kind, that this program does not know.
        case newerEntry(kind: UInt8, version: UInt8)
        /// A snapshot of a version that this program does not know.
        case newerSnapshot(version: UInt8)
        /// The entry does not fit the state that the entries before it have made.
        case inconsistent(String)
    }

    public var reason: Reason
    /// The byte that was not taken, in the entry or in the snapshot.
    public var offset: Int?

    public init(_ reason: Reason, offset: Int? = nil) {
        self.reason = reason
        self.offset = offset
    }

    public var description: String {
        let what =
            switch reason {
            case .truncated: "the bytes end inside a field"
            case .malformed(let text): text
            case .newerEntry(let kind, let version):
                "written by a newer program: control entry of kind \(kind), version \(version)"
            case .newerSnapshot(let version):
                "written by a newer program: catalog snapshot of version \(version)"
            case .inconsistent(let text): "does not fit what came before: \(text)"
            }
        guard let offset else { return what }
        return "\(what) (at byte \(offset))"
    }
}
