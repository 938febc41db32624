internal import Kinesis
internal import ShardLog

/// A consumer has said what it is done with. The point is what it said last, not the furthest.
struct CursorCommitted: Entry {
    static let kind = EntryKind.cursorCommitted
    static let isVisible = false

    var key: CursorKey
    var point: CursorPoint

    func encode(into writer: inout EntryWriter) {
        writer.cursorKey(key)
        writer.point(point)
    }

    func apply(to state: inout CatalogState) throws(CatalogError) {
        state.moveCursor(key) { $0.committed = point }
    }

    func cursors(in state: CatalogState) -> CursorEffects {
        CursorEffects(committed: (key, point))
    }
}

extension CursorCommitted {
    init(from reader: inout EntryReader, version: UInt8) throws(CatalogError) {
        key = try reader.cursorKey()
        point = try reader.point()
    }

    static func plan(
        _ key: CursorKey, _ point: CursorPoint, in state: CatalogState
    ) throws(CatalogRefusal) -> Plan {
        guard state.isOfOneStream(key) else { throw .cursorNotFound }
        return Plan(
            entry: CursorCommitted(key: key, point: point), result: .cursorCommitted)
    }
}
