/// Entries before this one may be missing: the log has let them go, when the disk was full or too
/// many waited. What follows was validated against the state without them.
struct Resynchronized: Entry {
    static let kind = EntryKind.resynchronized
    static let isVisible = false

    func encode(into writer: inout EntryWriter) {}

    func apply(to state: inout CatalogState) throws(CatalogError) {
        state.hasDiverged = false
    }
}

extension Resynchronized {
    init(from reader: inout EntryReader, version: UInt8) throws(CatalogError) {}
}
