internal import Kinesis
internal import ShardLog

/// A stream is gone, and with it its shards and their records, its consumers and their cursors.
struct StreamDeleted: Entry {
    static let kind = EntryKind.streamDeleted

    var stream: UInt64

    func encode(into writer: inout EntryWriter) {
        writer.integer(stream)
    }

    func apply(to state: inout CatalogState) throws(CatalogError) {
        state.remove(try state.present(stream))
    }

    func shards(in state: CatalogState) -> ShardChanges {
        ShardChanges(removes: state.streams[stream]?.shards.map(\.number) ?? [])
    }

    func cursors(in state: CatalogState) -> CursorEffects {
        CursorEffects(removedConsumers: state.streams[stream]?.consumers.map(\.id) ?? [])
    }
}

extension StreamDeleted {
    init(from reader: inout EntryReader, version: UInt8) throws(CatalogError) {
        stream = try reader.number()
    }

    /// A stream can be deleted whatever its status, also again while it is DELETING. An ephemeral
    /// consumer is nobody's property: it goes with the stream without having been named.
    static func plan(
        _ key: StreamKey, _ enforceConsumerDeletion: Bool, in state: CatalogState,
        under rules: CatalogRules
    ) throws(CatalogRefusal) -> Plan {
        let stream = try state.find(key)
        let isFree = stream.consumers.allSatisfy(\.isEphemeral)
        guard isFree || enforceConsumerDeletion || stream.status == .deleting else {
            throw .streamHasConsumers(key)
        }
        let entry: any Entry =
            rules.passesThroughStates
            ? StreamStatusChanged(stream: stream.id, status: .deleting)
            : StreamDeleted(stream: stream.id)
        return Plan(entry: entry, result: .streamDeleted(stream.id))
    }
}
