internal import Kinesis
internal import ShardLog

/// An account's throughput commitment was begun or ended.
struct CommitmentChanged: Entry {
    static let kind = EntryKind.commitmentChanged

    /// Twelve digits.
    var account: String
    var commitment: Commitment
    /// The catalog's time.
    var second: UInt64

    func encode(into writer: inout EntryWriter) {
        writer.text(account)
        writer.commitment(commitment)
        writer.integer(second)
    }

    func apply(to state: inout CatalogState) throws(CatalogError) {
        state.set(commitment, of: account)
        state.advance(to: second)
    }
}

extension CommitmentChanged {
    init(from reader: inout EntryReader, version: UInt8) throws(CatalogError) {
        account = try reader.text()
        commitment = try reader.commitment()
        second = try reader.second()
    }

    static func plan(
        _ account: String, isEnabled: Bool, in state: CatalogState, at second: UInt64,
        on clock: RetentionClock
    ) throws(CatalogRefusal) -> Plan {
        let present = state.commitments[account]
        // Ending what was never begun needs no room.
        guard
            present != nil || !isEnabled || state.commitments.count < CatalogLimits.accounts
        else {
            throw .tooManyAccounts(limit: CatalogLimits.accounts)
        }
        let now = UInt64(max(0, clock.now)) / 1000
        let commitment =
            isEnabled
            ? (present ?? Commitment()).enabled(at: now)
            : (present ?? Commitment()).disabled(at: now)
        return Plan(
            entry: CommitmentChanged(account: account, commitment: commitment, second: second),
            result: .commitmentChanged(commitment))
    }
}

extension EntryWriter {
    mutating func commitment(_ commitment: Commitment) {
        optional(commitment.startedSecond)
        optional(commitment.endSecond)
    }
}

extension EntryReader {
    mutating func commitment() throws(CatalogError) -> Commitment {
        let started = try optionalSecond()
        return Commitment(startedSecond: started, endSecond: try optionalSecond())
    }
}
