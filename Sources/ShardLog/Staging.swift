/// Where one reader's records wait for the committer. Owned by the reader's thread; no lock is
/// held while a record is encoded.
public final class Staging {
    public let reader: Int

    init(reader: Int) {
        self.reader = reader
    }

    /// Encodes a record into the buffer.
    /// - Parameters:
    ///   - waiter: comes back in the outcome.
    ///   - ordinal: comes back in the outcome.
    ///   - partitionKey: at most 65,535 bytes.
    ///   - data: at most 16 MiB less the key.
    ///   - minimumIndex: the record's index will be above this number, if that is a number the
    ///     shard can have given out; 0 for none.
    public func append(
        _ shard: Shard, waiter: UInt64, ordinal: UInt32, hashKey: UInt128,
        partitionKey: Span<UInt8>, data: Span<UInt8>, minimumIndex: UInt64
    ) -> StageResult { .refusing }

    /// Gives what was staged to the committer. Call it once at the end of the reader's turn.
    public func handOver() {}

    /// Takes what the committer has finished since the last call. Call it after a wake.
    public func drain(
        completed: (RecordOutcome) -> Void,
        control: (_ token: UInt64, ControlOutcome) -> Void,
        advanced: (ShardNumber) -> Void
    ) {}
}
