/// The names in a log's folder.
enum Folder {
    static func segments(_ root: String) -> String { root + "/segments" }
    static func journal(_ root: String) -> String { root + "/journal" }
    static let snapshotName = "snapshot"
    static func snapshot(_ root: String) -> String { root + "/" + snapshotName }
    static func newSnapshot(_ root: String) -> String { root + "/snapshot.new" }
    static func format(_ root: String) -> String { root + "/format" }
    static func lost(_ root: String) -> String { root + "/lost" }
    static let ledgerName = "ledger"
    static func ledger(_ root: String) -> String { root + "/" + ledgerName }
    static func lock(_ root: String) -> String { root + "/lock" }
    static func reserve(_ root: String) -> String { root + "/reserve" }
}
