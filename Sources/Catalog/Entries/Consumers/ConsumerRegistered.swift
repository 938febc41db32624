internal import Kinesis

/// A stream has one consumer more.
struct ConsumerRegistered: Entry {
    static let kind = EntryKind.consumerRegistered
    /// Version 2 has tags.
    static let version: UInt8 = 2

    var stream: UInt64
    var consumer: UInt64
    var name: String
    var status: ConsumerStatus
    /// The catalog's time.
    var second: UInt64
    /// The second in the consumer's ARN.
    var createdSecond: UInt64
    /// By key in byte order.
    var tags: [ResourceTag]

    func encode(into writer: inout EntryWriter) {
        writer.integer(stream)
        writer.integer(consumer)
        writer.text(name)
        writer.status(status)
        writer.integer(second)
        writer.integer(createdSecond)
        writer.tags(tags)
    }

    func apply(to state: inout CatalogState) throws(CatalogError) {
        let present = try state.present(stream)
        guard consumer >= state.nextConsumer, present.consumer(named: name) == nil else {
            throw CatalogError(
                .inconsistent("consumer \(consumer) of stream \(stream) is registered"))
        }
        var consumers = present.consumers
        let place = present.place(ofConsumer: name)
        let registered = consumer(of: present)
        consumers.insert(registered, at: place)
        state.update(present.replacing(consumers: consumers))
        state.place(consumer: consumer, in: stream)
        state.mark(registered)
        state.advance(to: second)
    }

    func cursors(in state: CatalogState) -> CursorEffects {
        CursorEffects(addedConsumers: [consumer])
    }

    private func consumer(of stream: StreamState) -> ConsumerState {
        ConsumerState(
            id: consumer, name: name,
            arn: ConsumerARN(stream: stream.arn, name: name, createdSecond: createdSecond),
            createdSecond: createdSecond, status: status, tags: tags)
    }
}

extension ConsumerRegistered {
    init(from reader: inout EntryReader, version: UInt8) throws(CatalogError) {
        stream = try reader.number()
        consumer = try reader.number()
        name = try reader.text()
        status = try reader.consumerStatus()
        second = try reader.second()
        createdSecond = try reader.second()
        tags = version < 2 ? [] : try reader.tags()
    }

    static func plan(
        _ key: StreamKey, _ name: String, _ tags: [ResourceTag], in state: CatalogState,
        at second: UInt64, under rules: CatalogRules
    ) throws(CatalogRefusal) -> Plan {
        let stream = try state.findActive(key)
        guard stream.consumer(named: name) == nil else {
            throw .consumerExists(key, name: name)
        }
        let isCommitted = state.commitments[key.account]?.isInForce(at: second) ?? false
        let limit = isCommitted ? rules.consumersPerCommittedStream : rules.consumersPerStream
        guard stream.consumers.count < limit else {
            throw .tooManyConsumers(key, limit: limit)
        }
        let creating = stream.consumers.count { $0.status == .creating }
        guard creating < rules.creatingConsumersPerStream else {
            throw .tooManyConsumersCreating(key, limit: rules.creatingConsumersPerStream)
        }
        guard state.consumers.count < CatalogLimits.consumers else {
            throw .tooManyConsumers(key, limit: CatalogLimits.consumers)
        }
        guard tags.count <= CatalogLimits.tagsPerResource else {
            throw .tooManyTags(.consumer(key, name: name), limit: CatalogLimits.tagsPerResource)
        }
        // Above the consumers that are gone, so that a name that comes back has another ARN.
        let created = max(second, stream.createdSecond, stream.retiredConsumerSecond + 1)
        guard created < SequenceNumber.greatestSecond else { throw .secondsExhausted(key) }
        let entry = ConsumerRegistered(
            stream: stream.id, consumer: state.nextConsumer, name: name,
            status: rules.passesThroughStates ? .creating : .active,
            second: second, createdSecond: created, tags: tags.inByteOrder())
        return Plan(entry: entry, result: .consumerRegistered(entry.consumer(of: stream)))
    }
}
