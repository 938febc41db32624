internal import Kinesis

/// A consumer came into another status.
struct ConsumerStatusChanged: Entry {
    static let kind = EntryKind.consumerStatusChanged

    var stream: UInt64
    var consumer: UInt64
    var status: ConsumerStatus

    func encode(into writer: inout EntryWriter) {
        writer.integer(stream)
        writer.integer(consumer)
        writer.status(status)
    }

    func apply(to state: inout CatalogState) throws(CatalogError) {
        let present = try state.present(stream)
        guard let found = present.consumer(id: consumer) else {
            throw CatalogError(.inconsistent("stream \(stream) has no consumer \(consumer)"))
        }
        state.update(found.with(status: status), of: present)
    }
}

extension ConsumerStatusChanged {
    init(from reader: inout EntryReader, version: UInt8) throws(CatalogError) {
        stream = try reader.number()
        consumer = try reader.number()
        status = try reader.consumerStatus()
    }
}
