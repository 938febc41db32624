internal import Kinesis

/// A stream's settings changed. What was under way in the stream is done with that.
struct StreamConfigured: Entry {
    static let kind = EntryKind.streamConfigured

    var stream: UInt64
    var setting: StreamSetting
    /// The catalog's time.
    var second: UInt64

    func encode(into writer: inout EntryWriter) {
        writer.integer(stream)
        writer.setting(setting)
        writer.integer(second)
    }

    func apply(to state: inout CatalogState) throws(CatalogError) {
        state.update(try state.present(stream).with(setting).updated)
        state.advance(to: second)
    }
}

extension StreamConfigured {
    init(from reader: inout EntryReader, version: UInt8) throws(CatalogError) {
        stream = try reader.number()
        setting = try reader.streamSetting()
        second = try reader.second()
    }
}
