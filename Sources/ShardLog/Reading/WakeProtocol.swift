/// The memory that a shard's sleepers and the committer share: the tail, and one bit for each
/// reader that has sleepers. Every access is sequentially consistent.
protocol WakeCells {
    func setBit()
    func loadTail() -> UInt64
    func storeTail(_ tail: UInt64)
    /// Clears the bits and tells whether one was set.
    func takeBits() -> Bool
}

/// How a reader goes to sleep, step by step: it sets its bit, reads the tail again, and only then
/// sleeps. Each step is one access, so that tests can interleave them in every order.
struct Sleeper {
    enum State: Equatable {
        case settingBit
        case readingTail
        /// It will be told when the tail moves.
        case asleep
        /// The tail has moved already.
        case awake
    }

    let position: UInt64
    private(set) var state = State.settingBit

    init(at position: UInt64) {
        self.position = position
    }

    var isDone: Bool { state == .asleep || state == .awake }

    mutating func step(_ cells: some WakeCells) {
        switch state {
        case .settingBit:
            cells.setBit()
            state = .readingTail
        case .readingTail:
            state = cells.loadTail() > position ? .awake : .asleep
        case .asleep, .awake:
            break
        }
    }
}

/// How the committer publishes: it stores the tail, then takes the bits and wakes their readers.
struct Publisher: Hashable {
    enum State: Hashable {
        case storingTail
        case takingBits
        case done(wakes: Bool)
    }

    let tail: UInt64
    private(set) var state = State.storingTail

    init(tail: UInt64) {
        self.tail = tail
    }

    var isDone: Bool {
        if case .done = state { true } else { false }
    }

    mutating func step(_ cells: some WakeCells) {
        switch state {
        case .storingTail:
            cells.storeTail(tail)
            state = .takingBits
        case .takingBits:
            state = .done(wakes: cells.takeBits())
        case .done:
            break
        }
    }
}
