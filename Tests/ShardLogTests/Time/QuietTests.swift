import Testing

@testable import ShardLog

/// The protocol of quiet points in every order that its accesses can have: one observer against
/// two batches of the committer, whatever the wall clock says each time it is read.
///
/// Orders that lead to the same state are followed on as one and counted as many.
@Suite struct QuietTests {
    @Test(arguments: [
        (Plan.Ending.published, true, 875_485_278_954 as UInt64),
        (.published, false, 326_166_772_113),
        (.undone, true, 60_228_912_744), (.undone, false, 42_135_282_189),
        (.lostAtSync, true, 2_918_916), (.lostAtSync, false, 105_811_756_947),
        (.lostAtCopy, true, 7_783_776), (.lostAtCopy, false, 4_378_374),
    ])
    func `quiet points separate what was published from what comes`(
        first ending: Plan.Ending, syncs: Bool, expected: UInt64
    ) {
        var orders: UInt64 = 0
        for batches in Plan.pairs(ending) {
            for ceiling in Scenario.ceilings {
                orders += check(
                    Scenario(batches: batches, ceiling: ceiling, syncs: syncs),
                    [.ask(Asker(created: created)), .ask(Asker(created: created))])
            }
        }
        #expect(orders == expected)
    }

    @Test(arguments: [(Measure.index, 11_167_427_799 as UInt64), (.arrival, 11_167_427_799)])
    func `whoever resumes at the tail is led past nothing`(measure: Measure, expected: UInt64) {
        var orders: UInt64 = 0
        for batches in Plan.pairs(.published) {
            orders += check(
                Scenario(batches: batches, ceiling: Scenario.farCeiling, syncs: true),
                [.ask(Asker(created: created)), .find(Tip(measure))])
        }
        #expect(orders == expected)
    }

    @Test func `every number that was given out is recognized`() {
        var orders: UInt64 = 0
        for batches in Plan.pairs(.published) {
            for ceiling in Scenario.ceilings {
                orders += check(
                    Scenario(batches: batches, ceiling: ceiling, syncs: true),
                    [.ask(Asker(created: created)), .recognizeHighest])
            }
        }
        #expect(orders == 5_017_579_348)
    }

    @Test func `no order is left out`() {
        // Thirteen steps of each batch and five of each question, and six readings of a clock that
        // says one of three things.
        let batches = [Plan(holdsShard: true), Plan(holdsShard: true)]
        let orders = check(
            Scenario(batches: batches, ceiling: Scenario.farCeiling, syncs: true),
            [.ask(Asker(created: created)), .ask(Asker(created: created))])
        let merges = (1...10).reduce(UInt64(1)) { $0 * UInt64(26 + $1) / UInt64($1) }
        #expect(orders == merges * 729)
    }

    /// Tells how many orders there are.
    private func check(_ scenario: Scenario, _ questions: [Question]) -> UInt64 {
        var exploration = Exploration(scenario)
        exploration.run(questions)
        #expect(exploration.problem == nil, "\(scenario)")
        return exploration.orders
    }
}

private let created: Int64 = 1000

/// What becomes of a batch and what it holds.
struct Plan: Hashable {
    enum Ending {
        case published
        /// Nothing was written, for lack of space; the next batch may be.
        case undone
        /// The journal failed: the batch may be in it. Nothing is written any more.
        case lostAtSync
        /// A segment failed: the batch is in the journal. Nothing is written any more.
        case lostAtCopy
    }

    /// A record of the shard, or records of other shards only.
    var holdsShard: Bool
    /// What the producer asked the index to be above.
    var minimum: UInt64 = 0
    var ending = Ending.published

    /// Two batches of which the first ends so.
    static func pairs(_ ending: Ending) -> [[Plan]] {
        let ahead = NodeTime.firstIndex(at: created + 5, created: created)
        let firsts = [
            Plan(holdsShard: true, ending: ending), Plan(holdsShard: false, ending: ending),
            Plan(holdsShard: true, minimum: ahead, ending: ending),
        ]
        let seconds = [Plan(holdsShard: true), Plan(holdsShard: false)]
        return firsts.flatMap { first in seconds.map { [first, $0] } }
    }
}

struct Scenario: Sendable {
    /// What the wall clock may say whenever it is read: it ticks, stands or is set back.
    static let walls = created + 2...created + 4
    /// Ahead of all that is asked for; in the midst of the times, so that it has to be extended.
    static let farCeiling = created + 20_000
    static let ceilings = [farCeiling, created + 3]

    var batches: [Plan]
    var ceiling: Int64
    /// Every batch is synced, or only those that must be.
    var syncs: Bool
}

/// The shared memory as plain values.
private struct Memory: Hashable {
    var time: Int64
    var since: Int64 = 0
    var ceiling: Int64
    /// The ceiling that a recovery would find.
    var syncedCeiling: Int64
    var announced: UInt64
    var word: UInt64
    var index: UInt64
    var arrival: Int64
    var settled: UInt64
}

private final class Cells: QuietCells, OrderingCells {
    var memory: Memory
    var wall: Int64 = 0
    var hasReadTheClock = false

    init(_ memory: Memory) {
        self.memory = memory
    }

    func now() -> Int64 {
        hasReadTheClock = true
        memory.time = max(memory.time, wall)
        return memory.time
    }
    func loadOrderingSince() -> Int64 { memory.since }
    func storeOrderingSince(_ milliseconds: Int64) { memory.since = milliseconds }
    func loadDurableCeiling() -> Int64 { memory.ceiling }
    func loadLast(_ measure: Measure) -> UInt64 {
        measure == .index ? memory.index : UInt64(memory.arrival)
    }
    func loadAnnouncedIndex() -> UInt64 { memory.announced }
    func storeAnnouncedIndex(_ index: UInt64) { memory.announced = index }
    func storeLastIndex(_ index: UInt64) { memory.index = index }
    func storeLastArrival(_ milliseconds: Int64) { memory.arrival = milliseconds }
    func loadSettledTail() -> UInt64 { memory.settled }
    func storeSettledTail(_ tail: UInt64) { memory.settled = tail }
    func setBit() {}
    func loadTail() -> UInt64 { memory.word }
    func storeTail(_ tail: UInt64) { memory.word = tail }
    func takeBits() -> Bool { false }
}

private struct Record: Hashable {
    var position: UInt64
    var index: UInt64
    var arrival: Int64

    static let bytes: UInt64 = 8
}

/// What the committer does with its batches, one access after the other.
private struct Writer: Hashable {
    enum Phase: Hashable {
        case beginning(Ordering)
        case ordering(Ordering)
        case syncing(Ordering, raised: Int64)
        case storingCeiling(Ordering)
        case publishing(Ordering, Publication)
        case ending(Ordering)
        case over
    }

    var phase = Phase.beginning(Ordering())
    var batch = 0
    var ceiling: Int64
    var neededCeiling: Int64 = 0
    var lastIndex: UInt64
    var position = Record.bytes
    /// In this life's readers' or the next recovery's eyes.
    var records: [Record]
    /// The last index that a producer was told.
    var acknowledged: UInt64
    /// A number beyond the ceiling that a recovery would find was published.
    var isAheadOfCeiling = false

    mutating func step(_ cells: Cells, _ scenario: Scenario) {
        switch phase {
        case .beginning(var ordering):
            ordering.step(cells)
            phase = ordering.now == nil ? .beginning(ordering) : .ordering(ordering)
        case .ordering(let ordering):
            order(ordering, scenario.batches[batch], cells, scenario)
        case .syncing(let ordering, let raised):
            // A sync that failed may have made the batch durable, and its ceiling, or not.
            if scenario.batches[batch].ending == .lostAtSync {
                phase = .over
            } else {
                cells.memory.syncedCeiling = raised
                phase = .storingCeiling(ordering)
            }
        case .storingCeiling(let ordering):
            cells.memory.ceiling = ceiling
            publish(ordering, scenario)
        case .publishing(let ordering, var publication):
            publication.step(cells)
            let needed = NodeTime.ceiling(for: publication.index, created: created)
            if needed > cells.memory.syncedCeiling { isAheadOfCeiling = true }
            if publication.isDone {
                acknowledged = publication.index
                phase = .ending(ordering)
            } else {
                phase = .publishing(ordering, publication)
            }
        case .ending(var ordering):
            ordering.step(cells)
            batch += 1
            phase = batch < scenario.batches.count ? .beginning(Ordering()) : .over
        case .over:
            break
        }
    }

    /// The access is that to the durable ceiling; the rest is the committer's own.
    private mutating func order(
        _ ordering: Ordering, _ plan: Plan, _ cells: Cells, _ scenario: Scenario
    ) {
        guard let now = ordering.now else { return }
        let durable = cells.loadDurableCeiling()
        if plan.holdsShard {
            lastIndex = NodeTime.index(
                after: lastIndex, at: now, created: created, above: plan.minimum,
                durableCeiling: durable)
            neededCeiling = max(
                neededCeiling, NodeTime.ceiling(for: lastIndex, created: created))
        }
        let raised = NodeTime.raised(ceiling, at: now, needed: neededCeiling, isWanted: false)
        if plan.ending == .undone {
            phase = .ending(ordering)
            return
        }
        if plan.holdsShard {
            records.append(
                Record(position: position, index: lastIndex, arrival: Int64(batch) + 2))
            position += Record.bytes
        }
        ceiling = raised ?? ceiling
        if raised != nil || scenario.syncs {
            phase = .syncing(ordering, raised: ceiling)
        } else {
            publish(ordering, scenario)
        }
    }

    private mutating func publish(_ ordering: Ordering, _ scenario: Scenario) {
        let plan = scenario.batches[batch]
        if plan.ending == .lostAtCopy {
            phase = .over
        } else if plan.holdsShard, let last = records.last {
            phase = .publishing(
                ordering,
                Publication(
                    word: position, index: last.index, arrivalMilliseconds: last.arrival))
        } else {
            phase = .ending(ordering)
        }
    }
}

/// What the observer asks.
private enum Question: Hashable {
    case ask(Asker)
    case find(Tip)
    /// Whether it can have been given out: the highest number that the observer knows of.
    case recognizeHighest
    case recognize(Recognition)

    var isDone: Bool {
        switch self {
        case .ask(let asker): asker.isDone
        case .find(let tip): tip.isDone
        case .recognizeHighest: false
        case .recognize(let recognition): recognition.isKnown != nil
        }
    }

    mutating func step(_ cells: Cells) {
        switch self {
        case .recognizeHighest:
            break
        case .recognize(var recognition):
            recognition.step(cells)
            self = .recognize(recognition)
        case .ask(var asker):
            asker.step(cells)
            self = .ask(asker)
        case .find(var tip):
            tip.step(cells)
            self = .find(tip)
        }
    }
}

private struct Observer: Hashable {
    var questions: [Question]
    var place = 0
    /// What had been acknowledged when each question was begun.
    var acknowledged: [UInt64] = []
    var isBegun = false
    /// An answer was beyond the ceiling that a recovery would have found.
    var isAheadOfCeiling = false

    mutating func step(_ cells: Cells, _ writer: Writer) {
        if !isBegun {
            acknowledged.append(writer.acknowledged)
            isBegun = true
            if questions[place] == .recognizeHighest {
                questions[place] = .recognize(Recognition(highest(writer), created: created))
            }
        }
        questions[place].step(cells)
        guard questions[place].isDone else { return }
        if case .ask(let asker) = questions[place] {
            let needed = NodeTime.ceiling(for: asker.continuation, created: created)
            if needed > cells.memory.syncedCeiling { isAheadOfCeiling = true }
        }
        place += 1
        isBegun = false
    }

    /// The highest number that the answers so far have told: one of them, or the index of a record
    /// below their tails.
    private func highest(_ writer: Writer) -> UInt64 {
        var highest: UInt64 = 0
        for case .ask(let asker) in questions[..<place] {
            highest = max(highest, asker.continuation)
            for record in writer.records where record.position < asker.tail {
                highest = max(highest, record.index)
            }
        }
        return highest
    }
}

private struct State: Hashable {
    var memory: Memory
    var writer: Writer
    var observer: Observer
}

private struct Exploration {
    let scenario: Scenario
    var orders: UInt64 = 0
    /// The first promise that was found broken, and the state that shows it.
    var problem: String?

    init(_ scenario: Scenario) {
        self.scenario = scenario
    }

    mutating func run(_ questions: [Question]) {
        var layer = [start(questions): UInt64(1)]
        while !layer.isEmpty {
            var next: [State: UInt64] = [:]
            for (state, count) in layer {
                if state.writer.phase == .over, state.observer.place == questions.count {
                    orders += count
                    if problem == nil, let broken = broken(state) {
                        problem = "\(broken): \(state)"
                    }
                }
                if state.writer.phase != .over {
                    step(state, count, into: &next) { $0.writer.step($1, scenario) }
                }
                if state.observer.place < questions.count {
                    step(state, count, into: &next) { $0.observer.step($1, $0.writer) }
                }
            }
            layer = next
        }
    }

    private func start(_ questions: [Question]) -> State {
        let record = Record(position: 0, index: 7, arrival: 1)
        let memory = Memory(
            time: created + 2, ceiling: scenario.ceiling, syncedCeiling: scenario.ceiling,
            announced: record.index, word: Record.bytes, index: record.index,
            arrival: record.arrival,
            settled: Record.bytes)
        let writer = Writer(
            ceiling: scenario.ceiling, lastIndex: record.index, records: [record],
            acknowledged: record.index)
        return State(memory: memory, writer: writer, observer: Observer(questions: questions))
    }

    /// One step from a state; several if it reads the clock.
    private func step(
        _ state: State, _ count: UInt64, into next: inout [State: UInt64],
        _ take: (inout State, Cells) -> Void
    ) {
        for wall in Scenario.walls {
            var after = state
            let cells = Cells(state.memory)
            cells.wall = wall
            take(&after, cells)
            after.memory = cells.memory
            next[after, default: 0] += count
            if !cells.hasReadTheClock { break }
        }
    }

    /// What was promised and is not so.
    private func broken(_ state: State) -> String? {
        if state.writer.isAheadOfCeiling { return "a record is ahead of the ceiling" }
        if state.observer.isAheadOfCeiling { return "an answer is ahead of the ceiling" }
        let records = state.writer.records
        var tail: UInt64 = 0
        var highest: UInt64 = 0
        for (question, acknowledged) in zip(
            state.observer.questions, state.observer.acknowledged)
        {
            switch question {
            case .ask(let asker):
                if asker.tail < tail { return "the tail went back" }
                tail = asker.tail
                highest = max(highest, asker.continuation)
                for record in records where record.position >= asker.tail {
                    if record.index <= highest { return "a record would be lost" }
                }
                if asker.continuation < acknowledged { return "a record would be seen again" }
            case .recognizeHighest:
                break
            case .recognize(let recognition):
                if recognition.isKnown == false { return "a number is not recognized" }
            case .find(let tip):
                guard case .done(let tail, let last) = tip.state else { continue }
                for record in records where record.position < tail {
                    let value =
                        tip.measure == .index ? record.index : UInt64(record.arrival)
                    if value > last { return "the tail is found for what is before it" }
                }
            }
        }
        return nil
    }
}
