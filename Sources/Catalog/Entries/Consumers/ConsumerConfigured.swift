internal import Kinesis

/// A consumer's settings changed.
struct ConsumerConfigured: Entry {
    static let kind = EntryKind.consumerConfigured

    var stream: UInt64
    var consumer: UInt64
    var setting: ConsumerSetting

    func encode(into writer: inout EntryWriter) {
        writer.integer(stream)
        writer.integer(consumer)
        writer.setting(setting)
    }

    func apply(to state: inout CatalogState) throws(CatalogError) {
        let present = try state.present(stream)
        guard let found = present.consumer(id: consumer) else {
            throw CatalogError(.inconsistent("stream \(stream) has no consumer \(consumer)"))
        }
        state.update(found.with(setting), of: present)
    }
}

extension ConsumerConfigured {
    init(from reader: inout EntryReader, version: UInt8) throws(CatalogError) {
        stream = try reader.number()
        consumer = try reader.number()
        setting = try reader.consumerSetting()
    }
}

extension ConsumerConfigured {
    static func plan(
        _ key: StreamKey, _ name: String, _ createdSecond: UInt64?, _ update: ConsumerUpdate,
        in state: CatalogState
    ) throws(CatalogRefusal) -> Plan {
        let (stream, consumer) = try state.findActiveConsumer(key, name, createdSecond)
        let setting: ConsumerSetting
        switch update {
        case .tag(let tags):
            let all = consumer.tags.adding(tags)
            guard all.count <= CatalogLimits.tagsPerResource else {
                throw .tooManyTags(
                    .consumer(key, name: name), limit: CatalogLimits.tagsPerResource)
            }
            setting = .tags(all)
        case .untag(let keys): setting = .tags(consumer.tags.removing(keys))
        case .policy(let text):
            try checkPolicy(text)
            setting = .policy(text)
        case .deletePolicy:
            guard consumer.policy != nil else { throw .policyNotFound(consumer.arn.description) }
            setting = .policy(nil)
        }
        return Plan(
            entry: ConsumerConfigured(
                stream: stream.id, consumer: consumer.id, setting: setting),
            result: .consumerUpdated)
    }
}
