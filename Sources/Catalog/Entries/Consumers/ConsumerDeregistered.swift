internal import Kinesis

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
        _ key: StreamKey, _ name: String, _ createdSecond: UInt64?, in state: CatalogState,
        under rules: CatalogRules
    ) throws(CatalogRefusal) -> Plan {
        let (stream, consumer) = try state.findActiveConsumer(key, name, createdSecond)
        let entry: any Entry =
            rules.passesThroughStates
            ? ConsumerStatusChanged(stream: stream.id, consumer: consumer.id, status: .deleting)
            : ConsumerDeregistered(stream: stream.id, consumer: consumer.id)
        return Plan(entry: entry, result: .consumerDeregistered(consumer))
    }
}
