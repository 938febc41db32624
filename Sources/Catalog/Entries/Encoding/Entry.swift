internal import ShardLog

/// One change of the catalog as it stands in the journal: what was decided, not what was asked,
/// so that applying it needs no clock and no choice.
///
/// To add a kind: a file beside this one with a type that conforms, a case in `EntryKind`, a line
/// in `EntryKind.type`, and a section in `proto-spec/control-entries.md`. A kind that gets new
/// fields gets a new version, and its decoder reads the old versions too.
protocol Entry: Sendable {
    static var kind: EntryKind { get }
    /// The version that `encode` writes.
    static var version: UInt8 { get }
    /// Whether readers of the catalog can see the change: moved cursors are not in a snapshot.
    static var isVisible: Bool { get }

    /// Writes the fields, behind the header.
    func encode(into writer: inout EntryWriter)

    /// Reads the fields of a version up to `Self.version`.
    init(from reader: inout EntryReader, version: UInt8) throws(CatalogError)

    /// Makes the change, or refuses an entry that does not fit and leaves the state as it was.
    func apply(to state: inout CatalogState) throws(CatalogError)

    /// What the log has to do with shards in the same batch, told before the change is made.
    func shards(in state: CatalogState) -> ShardChanges

    /// What the change means for the cursors in memory, told before it is made.
    func cursors(in state: CatalogState) -> CursorEffects
}

extension Entry {
    static var version: UInt8 { 1 }
    static var isVisible: Bool { true }

    func shards(in state: CatalogState) -> ShardChanges { ShardChanges() }
    func cursors(in state: CatalogState) -> CursorEffects { CursorEffects() }
}

/// The kinds of entries. Numbers are never reused.
enum EntryKind: UInt8, CaseIterable {
    case streamCreated = 1
    case streamDeleted = 2
    case shardSplit = 3
    case shardsMerged = 4
    case shardsForgotten = 5
    case consumerRegistered = 6
    case consumerDeregistered = 7
    case cursorsMoved = 8
    case cursorCommitted = 9
    case resynchronized = 10
    case streamConfigured = 11
    case streamStatusChanged = 12
    case streamUpdateBegun = 13
    case shardsResized = 14
    case consumerConfigured = 15
    case consumerStatusChanged = 16
    case commitmentChanged = 17

    var type: any Entry.Type {
        switch self {
        case .streamCreated: StreamCreated.self
        case .streamDeleted: StreamDeleted.self
        case .shardSplit: ShardSplit.self
        case .shardsMerged: ShardsMerged.self
        case .shardsForgotten: ShardsForgotten.self
        case .consumerRegistered: ConsumerRegistered.self
        case .consumerDeregistered: ConsumerDeregistered.self
        case .cursorsMoved: CursorsMoved.self
        case .cursorCommitted: CursorCommitted.self
        case .resynchronized: Resynchronized.self
        case .streamConfigured: StreamConfigured.self
        case .streamStatusChanged: StreamStatusChanged.self
        case .streamUpdateBegun: StreamUpdateBegun.self
        case .shardsResized: ShardsResized.self
        case .consumerConfigured: ConsumerConfigured.self
        case .consumerStatusChanged: ConsumerStatusChanged.self
        case .commitmentChanged: CommitmentChanged.self
        }
    }
}

/// What an entry does to the log's shards.
struct ShardChanges {
    var opens: [ShardDescription] = []
    var closes: [ShardNumber] = []
    var removes: [ShardNumber] = []
}

/// An entry with its number: the payload of a control entry of the log.
struct NumberedEntry {
    /// One above that of the entry before.
    var serial: UInt64
    var entry: any Entry

    init(serial: UInt64, entry: any Entry) {
        self.serial = serial
        self.entry = entry
    }

    func encoded() -> [UInt8] {
        var writer = EntryWriter()
        writer.byte(type(of: entry).kind.rawValue)
        writer.byte(type(of: entry).version)
        writer.integer(serial)
        entry.encode(into: &writer)
        return writer.bytes
    }

    init(_ payload: [UInt8]) throws(CatalogError) {
        var reader = EntryReader(payload)
        let number = try reader.byte()
        let version = try reader.byte()
        guard let kind = EntryKind(rawValue: number), version <= kind.type.version else {
            throw CatalogError(.newerEntry(kind: number, version: version), offset: 0)
        }
        guard version > 0 else { throw CatalogError(.malformed("version 0"), offset: 1) }
        serial = try reader.integer()
        entry = try kind.type.init(from: &reader, version: version)
        try reader.end()
    }
}

extension CatalogState {
    /// Makes the change of an entry. One that a snapshot has brought already is passed over.
    ///
    /// A gap in the numbers means that the log has let entries go. What follows was validated
    /// against a state that has them, so it may not fit, and is then passed over too, until the
    /// catalog has seen the gap and begins anew behind `Resynchronized`. Without a gap, an entry
    /// that does not fit is refused.
    mutating func apply(_ numbered: NumberedEntry) throws(CatalogError) {
        guard numbered.serial > serial else { return }
        if numbered.serial > serial + 1 { hasDiverged = true }
        applying = numbered.serial
        do throws(CatalogError) {
            try numbered.entry.apply(to: &self)
        } catch {
            guard hasDiverged else { throw error }
        }
        serial = numbered.serial
    }
}
