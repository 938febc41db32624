internal import Kinesis

/// A stream came into another status, in which nothing is under way.
struct StreamStatusChanged: Entry {
    static let kind = EntryKind.streamStatusChanged

    var stream: UInt64
    var status: StreamStatus

    func encode(into writer: inout EntryWriter) {
        writer.integer(stream)
        writer.status(status)
    }

    func apply(to state: inout CatalogState) throws(CatalogError) {
        state.update(try state.present(stream).with(status: status))
    }
}

extension StreamStatusChanged {
    init(from reader: inout EntryReader, version: UInt8) throws(CatalogError) {
        stream = try reader.number()
        status = try reader.streamStatus()
    }
}
