/// The memory that whoever asks for a shard's quiet point shares with the committer, beside the
/// word of the wake-up protocol: the node's time, since when a batch is being ordered, the durable
/// ceiling, and what is known of the last published record. Every access is sequentially
/// consistent.
///
/// A number *separates* at a tail if every record at or behind the tail, whenever it is published,
/// has an index above it: a reader that has seen everything below the tail and comes back with
/// "after this number", in this life of the log or in a later one, loses nothing. The protocol
/// promises of a `QuietPoint`, in every order of the accesses of both sides and whatever the wall
/// clock says:
///
/// 1. The continuation separates at the tail that comes with it.
/// 2. The continuation is below the first index of the durable ceiling, and so below everything
///    that is given out after a crash.
/// 3. The continuation is at or above every record that was acknowledged before it was asked for:
///    a LATEST iterator made of it shows nothing that its maker knew to be stored.
/// 4. Tails do not go back from one answer to the next. So of several answers that a reader got
///    while it stood at their tail the greatest separates at that tail, although a later one may
///    be less than an earlier one.
/// 5. `Tip` finds the tail for an index (or an arrival) only if nothing before the tail is sought.
/// 6. `Recognition` knows every continuation that was answered before, and the index of every
///    record below a tail that was read before.
///
/// 1 also holds of a batch that is durable and was never published, since the log then refuses
/// writes for good and stays in the ordering of that batch.
///
/// What is not promised: that the continuation is at or above every index below its tail. A record
/// that is published while the question is asked may be below the tail and above the continuation;
/// who has read it knows its index.
protocol QuietCells: WakeCells {
    /// Node time; never below an earlier answer. The reading of the wall clock counts as one
    /// access with the step of node time: a delay between the two is a wall clock that is behind.
    func now() -> Int64
    func loadOrderingSince() -> Int64
    func loadDurableCeiling() -> Int64
    func loadLast(_ measure: Measure) -> UInt64
    func loadAnnouncedIndex() -> UInt64
    func storeAnnouncedIndex(_ index: UInt64)
    func storeLastIndex(_ index: UInt64)
    func storeLastArrival(_ milliseconds: Int64)
    func loadSettledTail() -> UInt64
    func storeSettledTail(_ tail: UInt64)
}

/// The part of the memory that is the node's and not a shard's.
protocol OrderingCells {
    func now() -> Int64
    func storeOrderingSince(_ milliseconds: Int64)
}

/// What grows along a shard's log and can be sought in it.
enum Measure: Hashable {
    case index
    case arrival
}

/// How a batch is ordered: the committer says since when, and only then reads the time that it
/// orders by; so nobody who missed the first has a time above the second. It takes the word back
/// when the batch is published or undone, and never if it is unknown what became of the batch.
struct Ordering: Hashable {
    enum State: Hashable {
        case readingStart
        case announcing(since: Int64)
        case readingTime
        case underWay(now: Int64)
        case over
    }

    private(set) var state = State.readingStart

    mutating func step(_ cells: some OrderingCells) {
        switch state {
        case .readingStart:
            state = .announcing(since: cells.now())
        case .announcing(let since):
            cells.storeOrderingSince(since)
            state = .readingTime
        case .readingTime:
            state = .underWay(now: cells.now())
        case .underWay:
            cells.storeOrderingSince(0)
            state = .over
        case .over:
            break
        }
    }

    /// The time to order by, once there is one.
    var now: Int64? {
        if case .underWay(let now) = state { now } else { nil }
    }

    /// Takes the steps up to the time to order by.
    mutating func begin(_ cells: some OrderingCells) -> Int64 {
        while true {
            if let now { return now }
            step(cells)
        }
    }
}

/// How a batch's records of one shard are published: the last index is announced, for
/// `Recognition`; then the tail moves, by the wake-up protocol; what is known of the last record
/// follows it; and at the end comes the tail once more, for `Tip`.
struct Publication: Hashable {
    enum State: Hashable {
        case announcing
        case advancing(Publisher)
        case storingIndex
        case storingArrival
        case settling
        case done
    }

    /// The tail and the shard's flags.
    let word: UInt64
    let index: UInt64
    let arrivalMilliseconds: Int64
    private(set) var state = State.announcing

    init(word: UInt64, index: UInt64, arrivalMilliseconds: Int64) {
        self.word = word
        self.index = index
        self.arrivalMilliseconds = arrivalMilliseconds
    }

    var isDone: Bool { state == .done }

    mutating func step(_ cells: some QuietCells) {
        switch state {
        case .announcing:
            cells.storeAnnouncedIndex(index)
            state = .advancing(Publisher(tail: word))
        case .advancing(var publisher):
            publisher.step(cells)
            state = publisher.isDone ? .storingIndex : .advancing(publisher)
        case .storingIndex:
            cells.storeLastIndex(index)
            state = .storingArrival
        case .storingArrival:
            cells.storeLastArrival(arrivalMilliseconds)
            state = .settling
        case .settling:
            cells.storeSettledTail(word & ~Shard.flagBits)
            state = .done
        case .done:
            break
        }
    }
}

/// How a quiet point is found. Time is read before the ordering, so that a batch which was not
/// seen to be ordered has a later time; the last index is read before the tail, so that the tail
/// is behind the record that has it; and time before the tail, so that what comes behind the tail
/// without being seen was not ordered yet.
struct Asker: Hashable {
    enum State: Hashable {
        case readingTime
        case readingOrdering
        case readingCeiling
        case readingIndex
        case readingTail
        case done
    }

    let created: Int64
    private(set) var state = State.readingTime
    /// The latest time of which no number below it can come any more.
    private var time: Int64 = 0
    private(set) var continuation: UInt64 = 0
    private(set) var tail: UInt64 = 0
    /// The ceiling should be extended for the next who asks.
    private(set) var isNearCeiling = false

    init(created: Int64) {
        self.created = created
    }

    var isDone: Bool { state == .done }

    mutating func step(_ cells: some QuietCells) {
        switch state {
        case .readingTime:
            time = cells.now()
            state = .readingOrdering
        case .readingOrdering:
            let since = cells.loadOrderingSince()
            if since != 0 { time = min(time, since) }
            state = .readingCeiling
        case .readingCeiling:
            let ceiling = cells.loadDurableCeiling()
            isNearCeiling = time + Limits.ceilingMarginMilliseconds > ceiling
            let first = NodeTime.firstIndex(at: min(time, ceiling), created: created)
            continuation = first == 0 ? 0 : first - 1
            state = .readingIndex
        case .readingIndex:
            continuation = max(continuation, cells.loadLast(.index))
            state = .readingTail
        case .readingTail:
            tail = cells.loadTail() & ~Shard.flagBits
            state = .done
        case .done:
            break
        }
    }
}

/// How it is found out that nothing before the tail is sought: the settled tail is stored last and
/// the tail first, so that equal ones have what is read between them as their last record.
struct Tip: Hashable {
    enum State: Hashable {
        case readingSettled
        case readingLast(settled: UInt64)
        case readingTail(settled: UInt64, last: UInt64)
        /// The tail and the last record below it, or nil if a batch was just being published.
        case done(tail: UInt64, last: UInt64)
        case inconsistent
    }

    let measure: Measure
    private(set) var state = State.readingSettled

    init(_ measure: Measure) {
        self.measure = measure
    }

    var isDone: Bool {
        switch state {
        case .done, .inconsistent: true
        default: false
        }
    }

    mutating func step(_ cells: some QuietCells) {
        switch state {
        case .readingSettled:
            state = .readingLast(settled: cells.loadSettledTail())
        case .readingLast(let settled):
            state = .readingTail(settled: settled, last: cells.loadLast(measure))
        case .readingTail(let settled, let last):
            let tail = cells.loadTail() & ~Shard.flagBits
            state = tail == settled ? .done(tail: tail, last: last) : .inconsistent
        case .done, .inconsistent:
            break
        }
    }
}

/// How it is found out whether a number can have been given out. Not by another quiet point: that
/// may be less than an earlier one, and less than the index of a record that is being published.
struct Recognition: Hashable {
    enum State: Hashable {
        case readingAnnounced
        case readingTime
        case readingCeiling(time: Int64)
        case done(isKnown: Bool)
    }

    let index: UInt64
    let created: Int64
    private(set) var state = State.readingAnnounced

    init(_ index: UInt64, created: Int64) {
        self.index = index
        self.created = created
    }

    mutating func step(_ cells: some QuietCells) {
        switch state {
        case .readingAnnounced:
            state =
                index <= cells.loadAnnouncedIndex() ? .done(isKnown: true) : .readingTime
        case .readingTime:
            state = .readingCeiling(time: cells.now())
        case .readingCeiling(let time):
            let end = min(time, cells.loadDurableCeiling())
            state = .done(isKnown: index < NodeTime.firstIndex(at: end, created: created))
        case .done:
            break
        }
    }

    /// The answer, once there is one.
    var isKnown: Bool? {
        if case .done(let isKnown) = state { isKnown } else { nil }
    }
}
