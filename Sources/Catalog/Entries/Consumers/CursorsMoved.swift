/// Cursors stand elsewhere: what subscriptions have sent and clients have taken since the last
/// entry of this kind. What consumers have committed is not in it.
struct CursorsMoved: Entry {
    static let kind = EntryKind.cursorsMoved
    static let isVisible = false

    struct Move: Sendable, Hashable {
        var key: CursorKey
        /// The cursor as it stands; its committed point is not written.
        var cursor: Cursor
    }

    var moves: [Move]

    func encode(into writer: inout EntryWriter) {
        writer.integer(moves.count)
        for move in moves { Self.encode(move, into: &writer) }
    }

    static func encode(_ move: Move, into writer: inout EntryWriter) {
        var cursor = move.cursor
        cursor.committed = nil
        writer.cursorKey(move.key)
        writer.cursor(cursor)
    }

    func apply(to state: inout CatalogState) throws(CatalogError) {
        for move in moves {
            state.moveCursor(move.key) { cursor in
                cursor.origin = move.cursor.origin
                cursor.sent = move.cursor.sent
                cursor.credited = move.cursor.credited
            }
        }
    }
}

extension CursorsMoved {
    init(from reader: inout EntryReader, version: UInt8) throws(CatalogError) {
        moves = []
        for _ in 0..<(try reader.count(ofAtLeast: 3)) {
            let key = try reader.cursorKey()
            let cursor = try reader.cursor()
            guard cursor.committed == nil else {
                throw CatalogError(
                    .malformed("a committed point among moved cursors"), offset: reader.offset)
            }
            moves.append(Move(key: key, cursor: cursor))
        }
    }
}
