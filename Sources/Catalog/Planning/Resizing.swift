internal import Kinesis
internal import ShardLog

/// One split or merge on the way to another number of shards.
enum ResizeStep: Sendable, Hashable {
    /// The shard is closed; the part below the key and the part from the key on take over.
    case split(shard: UInt32, hashKey: UInt128, closedSecond: UInt64)
    /// Both shards are closed; one takes over.
    case merge(lower: UInt32, upper: UInt32, closedSecond: UInt64)
}

/// Splits and merges of a stream's open shards, one after the other, as one change.
///
/// Every shard that comes of it has one parent or two. Those that a later step closes again hold
/// no records; consumers find them closed and go on to their children.
struct Resizing {
    /// A shard while steps are taken.
    private struct Draft {
        var range: HashRange
        var number: ShardNumber
        var parent: UInt32?
        var adjacentParent: UInt32?
        var createdSecond: UInt64
        var closedSecond: UInt64?
        var children: [UInt32] = []
    }

    private let stream: StreamState
    private let second: UInt64
    private let firstNumber: UInt64
    private var drafts: [UInt32: Draft] = [:]
    private(set) var steps: [ResizeStep] = []
    private var nextIndex: UInt32

    /// Begins with the stream's open shards.
    /// - Parameters:
    ///   - firstNumber: The log's number of the first shard to come; the others follow.
    ///   - second: The catalog's time, from which the new shards' indices count.
    init(_ stream: StreamState, firstNumber: UInt64, second: UInt64) {
        self.stream = stream
        self.second = second
        self.firstNumber = firstNumber
        nextIndex = stream.nextShardIndex
        drafts.reserveCapacity(2 * stream.open.count)
        for place in 0..<stream.open.count {
            let shard = stream.open[place]
            drafts[shard.id.index] = Draft(
                range: shard.range, number: shard.number, createdSecond: shard.createdSecond)
        }
    }

    /// How many shards have come to be.
    var addedCount: Int { Int(nextIndex - stream.nextShardIndex) }

    /// Decides the steps to `target` open shards. They are as many as Amazon takes, where 10 to 13
    /// leaves 37 shards, the closed ones included, and 5 to 3 leaves 7: to have more, every shard
    /// is split once; then neighbours are merged until so many are left. A split is made where an
    /// equal range would begin, and the new ranges begin with the parts that begin nearest to that.
    mutating func plan(target: Int) {
        let ideal = HashRange.uniform(count: target).map(\.start)
        var pieces = (0..<stream.open.count).map { stream.open[$0].id.index }
        // A round is enough but for shards of one key, which cannot be split.
        while pieces.count < target {
            pieces = pieces.flatMap { halves(of: $0, ideal) }
        }
        var first = 0
        for index in 1...target {
            // Every range after this one has a part left.
            let most = pieces.count - (target - index)
            var end = index == target ? most : first + 1
            while end < most, index < target,
                distance(pieces[end + 1], ideal[index]) <= distance(pieces[end], ideal[index])
            {
                end += 1
            }
            _ = merge(pieces[first..<end])
            first = end
        }
    }

    private func distance(_ piece: UInt32, _ key: UInt128) -> UInt128 {
        guard let start = drafts[piece]?.range.start else {
            preconditionFailure("a piece is a shard")
        }
        return Self.gap(start, key)
    }

    /// Splits a shard, if it has more than one key.
    private mutating func halves(of shard: UInt32, _ ideal: [UInt128]) -> [UInt32] {
        guard let present = drafts[shard], present.range.start < present.range.end else {
            return [shard]
        }
        let lower = nextIndex
        let step = ResizeStep.split(
            shard: shard, hashKey: Self.cut(present.range, ideal: ideal),
            closedSecond: max(second, present.createdSecond))
        guard take(step) else { preconditionFailure("a cut is outside of its shard") }
        return [lower, lower + 1]
    }

    /// Where a range is split: at the key nearest to its middle with which one of the equal ranges
    /// begins, or in the middle if none begins inside.
    private static func cut(_ range: HashRange, ideal: [UInt128]) -> UInt128 {
        let middle = range.start + (range.end - range.start) / 2 + 1
        // The first is 0, and they are as far apart as the second is from it.
        let below = ideal.count > 1 ? Int(middle / ideal[1]) : 0
        return ideal[min(below, ideal.count)..<min(below + 2, ideal.count)]
            .filter { $0 > range.start && $0 <= range.end }
            .min { gap($0, middle) < gap($1, middle) } ?? middle
    }

    private static func gap(_ one: UInt128, _ other: UInt128) -> UInt128 {
        max(one, other) - min(one, other)
    }

    /// Merges neighbours; answers the one that is left.
    private mutating func merge(_ pieces: ArraySlice<UInt32>) -> UInt32 {
        precondition(!pieces.isEmpty, "every new range has a part of an old one")
        if pieces.count == 1 { return pieces[pieces.startIndex] }
        let middle = (pieces.startIndex + pieces.endIndex) / 2
        let lower = merge(pieces[..<middle])
        let upper = merge(pieces[middle...])
        let closing = max(
            second, drafts[lower]?.createdSecond ?? 0, drafts[upper]?.createdSecond ?? 0)
        let merged = nextIndex
        guard take(.merge(lower: lower, upper: upper, closedSecond: closing)) else {
            preconditionFailure("parts of one range are not neighbours")
        }
        return merged
    }

    /// Takes a step; false, and nothing happens, if it does not fit.
    mutating func take(_ step: ResizeStep) -> Bool {
        switch step {
        case .split(let index, let hashKey, let closedSecond):
            guard var parent = drafts[index], parent.closedSecond == nil,
                parent.range.start < hashKey, hashKey <= parent.range.end,
                closedSecond >= parent.createdSecond,
                nextIndex < SequenceNumber.greatestShardIndex - 1
            else { return false }
            let lower = add(
                HashRange(start: parent.range.start, end: hashKey - 1), index, nil, closedSecond)
            let upper = add(
                HashRange(start: hashKey, end: parent.range.end), index, nil, closedSecond)
            parent.closedSecond = closedSecond
            parent.children = [lower, upper]
            drafts[index] = parent
        case .merge(let lower, let upper, let closedSecond):
            guard var first = drafts[lower], var last = drafts[upper],
                first.closedSecond == nil, last.closedSecond == nil, lower != upper,
                let range = first.range.merged(with: last.range),
                closedSecond >= first.createdSecond, closedSecond >= last.createdSecond,
                nextIndex < SequenceNumber.greatestShardIndex
            else { return false }
            let child = add(range, lower, upper, closedSecond)
            first.closedSecond = closedSecond
            first.children = [child]
            last.closedSecond = closedSecond
            last.children = [child]
            drafts[lower] = first
            drafts[upper] = last
        }
        steps.append(step)
        return true
    }

    private mutating func add(
        _ range: HashRange, _ parent: UInt32, _ adjacentParent: UInt32?, _ closedSecond: UInt64
    ) -> UInt32 {
        let index = nextIndex
        nextIndex += 1
        drafts[index] = Draft(
            range: range,
            number: ShardNumber(rawValue: firstNumber + UInt64(index - stream.nextShardIndex)),
            parent: parent, adjacentParent: adjacentParent, createdSecond: closedSecond + 1)
        return index
    }

    /// The shards that were there and are closed, and those that have come to be, by index.
    func outcome() -> (closed: [ShardState], added: [ShardState]) {
        var closed: [ShardState] = []
        for place in 0..<stream.open.count {
            let shard = stream.open[place]
            guard let draft = drafts[shard.id.index], let second = draft.closedSecond else {
                continue
            }
            closed.append(shard.closed(at: second, children: draft.children))
        }
        var added: [ShardState] = []
        for index in stream.nextShardIndex..<nextIndex {
            guard let draft = drafts[index] else { continue }
            added.append(
                ShardState(
                    id: ShardID(index: index), number: draft.number, range: draft.range,
                    parent: draft.parent, adjacentParent: draft.adjacentParent,
                    createdSecond: draft.createdSecond, openedSecond: second,
                    closedSecond: draft.closedSecond, children: draft.children))
        }
        return (closed, added)
    }
}
