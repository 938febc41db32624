/// What the log knows of a shard besides its records.
public struct ShardDescription: Sendable, Hashable {
    public var number: ShardNumber
    /// Milliseconds since 1970 from which the shard's indices count.
    public var createdMilliseconds: Int64
    /// No record enters any more.
    public var isClosed: Bool

    public init(number: ShardNumber, createdMilliseconds: Int64, isClosed: Bool = false) {
        self.number = number
        self.createdMilliseconds = createdMilliseconds
        self.isClosed = isClosed
    }
}

/// One atomic change of the node: an opaque payload, and what it does to shards.
///
/// The whole entry is in one batch: after a crash all of it has happened or none of it. Records
/// that are ordered after a close are answered `.shardClosed`, after a removal `.shardGone`.
public struct ControlEntry: Sendable, Hashable {
    /// Bytes of the owner of the change, given back by `restore` and `apply`; at most 8 MiB.
    public var payload: [UInt8]
    public var opens: [ShardDescription]
    public var closes: [ShardNumber]
    public var removes: [ShardNumber]

    public init(
        payload: [UInt8], opens: [ShardDescription] = [], closes: [ShardNumber] = [],
        removes: [ShardNumber] = []
    ) {
        self.payload = payload
        self.opens = opens
        self.closes = closes
        self.removes = removes
    }
}

/// Who is told when a control entry has been decided: a reader and a number of its own.
public struct Waiter: Sendable, Hashable {
    /// The reader whose `drain` gets the outcome, 0..<64.
    public var reader: Int
    public var token: UInt64

    public init(reader: Int, token: UInt64) {
        self.reader = reader
        self.token = token
    }
}

/// How a control entry ended.
public enum ControlOutcome: Sendable, Hashable {
    /// Durable as the node's class promises, applied, in the batch of this number.
    case applied(batch: UInt64)
    /// Not acknowledged: the journal refused it. It may still be found by the next recovery.
    case failed
}
