/// A stream has one consumer less; its cursors are gone with it.
struct ConsumerDeregistered: Entry {
    static let kind = EntryKind.consumerDeregistered

    var stream: UInt64
    var consumer: UInt64

    func encode(into writer: inout EntryWriter) {
        writer.integer(stream)
        writer.integer(consumer)
    }

    func apply(to state: inout CatalogState) throws(CatalogError) {
        let present = try state.present(stream)
        guard let gone = present.consumer(id: consumer) else {
            throw CatalogError(.inconsistent("stream \(stream) has no consumer \(consumer)"))
        }
        state.remove(consumer: consumer)
        state.update(
            present.replacing(
                consumers: present.consumers.filter { $0.id != consumer },
                retiredConsumerSecond: max(
                    present.retiredConsumerSecond, gone.createdSecond)))
    }

    func cursors(in state: CatalogState) -> CursorEffects {
        CursorEffects(removedConsumers: [consumer])
    }
}

extension ConsumerDeregistered {
    init(from reader: inout EntryReader, version: UInt8) throws(CatalogError) {
        stream = try reader.number()
        consumer = try reader.number()
    }

    static func plan(
        _ key: StreamKey, _ name: String, _ createdSecond: UInt64?, in state: CatalogState
    ) throws(CatalogRefusal) -> Plan {
        let stream = try state.find(key)
        guard let consumer = stream.consumer(named: name),
            createdSecond == nil || createdSecond == consumer.createdSecond
        else { throw .consumerNotFound(key, name: name) }
        return Plan(
            entry: ConsumerDeregistered(stream: stream.id, consumer: consumer.id),
            result: .consumerDeregistered(consumer))
    }
}
