internal import Synchronization

/// A shard's log as readers see it.
public final class Shard: Sendable {
    public let number: ShardNumber
    public let createdMilliseconds: Int64

    init(_ description: ShardDescription) {
        number = description.number
        createdMilliseconds = description.createdMilliseconds
    }

    /// No record enters any more: the tail is final.
    public var isClosed: Bool { false }
    /// Where the next record will start. Everything below it is published.
    public var tail: Position { .start }
    /// The first position that retention has left.
    public var horizon: Position { .start }
    /// The index of the last published record; 0 if there has been none.
    public var lastIndex: UInt64 { 0 }
    /// The arrival of the last published record in milliseconds since 1970; 0 if none.
    public var lastArrivalMilliseconds: Int64 { 0 }

    /// Visits published records from `position` on.
    ///
    /// At least one record is visited if there is one, whatever `maximumBytes` says; the bytes
    /// counted are those of the data. Every record's checksum is verified before the visit.
    /// Never waits for the disk.
    /// - Parameter visit: false ends the read after this record.
    public func read(
        from position: Position, maximumRecords: Int, maximumBytes: Int,
        _ visit: (borrowing RecordView) -> Bool
    ) -> ReadResult {
        ReadResult(next: position, outcome: .pending)
    }

    /// Brings a range that was answered `.cold` into memory. Waits for the disk: call it on a
    /// worker, then read again soon.
    public func prefault(_ range: Range<Position>) -> PrefaultResult { .ready }

    /// The first record whose index is above `index`, or the tail.
    public func position(afterIndex index: UInt64) -> Located { .found(.start) }

    /// The first record that arrived at or after the time, or the tail.
    public func position(arrivalAtLeast milliseconds: Int64) -> Located { .found(.start) }

    /// A number that separates what was published from all that comes; see `QuietPoint`.
    public func quietPoint() -> QuietPoint { QuietPoint(continuation: 0, tail: .start) }

    /// Asks that `reader` be told by `advanced` when the shard's tail moves beyond `position` or
    /// the shard is closed or removed. False if that has happened already: do not sleep.
    public func sleep(reader: Int, at position: Position) -> Bool { true }

    /// Bytes of records, headers included, from `position` to the tail.
    public func bytes(from position: Position) -> UInt64 { 0 }

    /// About how many records there are from `position` to the tail; exact at the tail.
    public func records(from position: Position) -> UInt64 { 0 }
}
