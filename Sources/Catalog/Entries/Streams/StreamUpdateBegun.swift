internal import Kinesis

/// A stream is UPDATING: what it is to become was decided, and is made by a later entry.
struct StreamUpdateBegun: Entry {
    static let kind = EntryKind.streamUpdateBegun

    var stream: UInt64
    var update: StreamUpdateUnderWay

    func encode(into writer: inout EntryWriter) {
        writer.integer(stream)
        writer.update(update)
    }

    func apply(to state: inout CatalogState) throws(CatalogError) {
        let present = try state.present(stream)
        guard present.status == .active else {
            throw CatalogError(.inconsistent("stream \(stream) is not active and is updated"))
        }
        state.update(present.with(status: .updating, update: update))
    }
}

extension StreamUpdateBegun {
    init(from reader: inout EntryReader, version: UInt8) throws(CatalogError) {
        stream = try reader.number()
        let start = reader.offset
        guard let update = try reader.update() else {
            throw CatalogError(.malformed("no update"), offset: start)
        }
        self.update = update
    }
}
