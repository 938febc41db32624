public import Kinesis
public import ShardLog

/// A shard as of one version of the catalog; never changes.
public final class ShardState: Sendable {
    public let id: ShardID
    /// The shard's number in the log.
    public let number: ShardNumber
    public let range: HashRange
    /// The index of the shard that this one was split from, or of the lower of the two that were
    /// merged; that shard may be forgotten by now.
    public let parent: UInt32?
    /// The index of the upper of the two shards that were merged into this one.
    public let adjacentParent: UInt32?
    /// The first second of the shard's life, in seconds since 1970: that after the parents' last.
    ///
    /// It is ahead of the clock when parent and child are made within one second.
    public let createdSecond: UInt64
    /// The last second of the shard's life; nil while records enter. At every second from the
    /// stream's creation on, the shards that live cover the hash keys without gap or overlap.
    public let closedSecond: UInt64?
    /// The second from which the log counts the shard's indices: that of the clock when the shard
    /// was made, so that they do not wait for a creation second that is ahead.
    let openedSecond: UInt64
    /// The indices of the shards that took over, lower range first; empty while open.
    public let children: [UInt32]
    private let attachedLog: Shard?
    private let attachedMeter: ShardMeter?

    init(
        id: ShardID, number: ShardNumber, range: HashRange, parent: UInt32? = nil,
        adjacentParent: UInt32? = nil, createdSecond: UInt64, openedSecond: UInt64,
        closedSecond: UInt64? = nil, children: [UInt32] = [], log: Shard? = nil,
        meter: ShardMeter? = nil
    ) {
        self.id = id
        self.number = number
        self.range = range
        self.parent = parent
        self.adjacentParent = adjacentParent
        self.createdSecond = createdSecond
        self.openedSecond = openedSecond
        self.closedSecond = closedSecond
        self.children = children
        attachedLog = log
        attachedMeter = meter
    }

    /// The shard's records. Every shard of a published snapshot has it.
    public var log: Shard {
        guard let attachedLog else { preconditionFailure("a shard of the pending state is read") }
        return attachedLog
    }

    /// What goes through the shard. Every shard of a published snapshot has it.
    public var meter: ShardMeter {
        guard let attachedMeter else { preconditionFailure("a pending shard is counted") }
        return attachedMeter
    }

    public var isClosed: Bool { closedSecond != nil }

    /// The number below every record's: index 0 at the second of creation.
    public var startingSequenceNumber: SequenceNumber {
        .start(shardCreatedSecond: createdSecond, shardIndex: id.index)
    }

    /// The number above every record's, the highest index at the second of closing; nil while
    /// open. It is below the starting numbers of the children.
    public var endingSequenceNumber: SequenceNumber? {
        closedSecond.map {
            .end(
                shardCreatedSecond: createdSecond, shardIndex: id.index, closedSecond: $0)
        }
    }

    /// How the log knows this shard.
    var description: ShardDescription {
        ShardDescription(
            number: number, createdMilliseconds: Int64(openedSecond) * 1000, isClosed: isClosed)
    }

    /// This shard, closed.
    func closed(at second: UInt64, children: [UInt32]) -> ShardState {
        ShardState(
            id: id, number: number, range: range, parent: parent, adjacentParent: adjacentParent,
            createdSecond: createdSecond, openedSecond: openedSecond, closedSecond: second,
            children: children, log: attachedLog, meter: attachedMeter)
    }

    /// This shard with its records at hand.
    func attached(to log: Shard) -> ShardState {
        ShardState(
            id: id, number: number, range: range, parent: parent, adjacentParent: adjacentParent,
            createdSecond: createdSecond, openedSecond: openedSecond, closedSecond: closedSecond,
            children: children, log: log, meter: attachedMeter ?? ShardMeter())
    }
}
