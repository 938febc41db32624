import Catalog

/// The catalog as one reactor sees it.
final class CatalogView {
    private let catalog: Catalog
    private(set) var snapshot: CatalogSnapshot
    private var version: UInt64

    init(_ catalog: Catalog) {
        self.catalog = catalog
        // The version first: a change between the two is looked at once more.
        version = catalog.version
        snapshot = catalog.snapshot
    }

    /// Whether the snapshot is the newest there is.
    var isCurrent: Bool { catalog.version == version }

    /// Takes the newest snapshot; answers the one before, nil if there is none newer. One load
    /// then, so it is asked before each connection is read.
    func refresh() -> CatalogSnapshot? {
        let newest = catalog.version
        guard newest != version else { return nil }
        version = newest
        let before = snapshot
        snapshot = catalog.snapshot
        return before
    }
}
