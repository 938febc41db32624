import Testing

@testable import Gateway

/// Some reactors, and subscriptions that claim one place one after the other: what `Takeover` does,
/// with a step for everything that other threads or clients may do in between.
private struct World: Hashable {
    enum Message: Hashable {
        case takenOver(Int, by: SubscriptionSlots.Holder)
        case placeIsFree(Int)
    }

    enum Step {
        case claim
        case deliver(reactor: Int)
        /// The client goes, the time is over, or what it was asked is done.
        case end(Int)
    }

    /// A protocol with a mistake, which the exploration has to find.
    enum Mistake: CaseIterable {
        case none
        case answersBeforeItHasEnded
        case forgetsWhoWaitsBeforeIt
        case givesBackWhileItWaits
    }

    static let key = SubscriptionSlots.Key(consumer: 1, shard: 2)
    /// The reactor of each subscription; its number is its token.
    let reactors: [Int]
    let mistake: Mistake
    var table = SlotTable()
    var claimed = 0
    var places: [Int: Tenancy] = [:]
    var alive: Set<Int> = []
    var asked: Set<Int> = []
    var sending: Set<Int> = []
    var inboxes: [[Message]]

    init(_ reactors: [Int], _ mistake: Mistake) {
        self.reactors = reactors
        self.mistake = mistake
        inboxes = Array(repeating: [], count: (reactors.max() ?? 0) + 1)
    }

    static func == (a: World, b: World) -> Bool {
        a.claimed == b.claimed && a.places == b.places && a.alive == b.alive
            && a.asked == b.asked && a.sending == b.sending && a.inboxes == b.inboxes
            && a.table.holder(key) == b.table.holder(key)
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(places)
        hasher.combine(alive)
        hasher.combine(sending)
        hasher.combine(inboxes)
    }

    var steps: [Step] {
        var steps = alive.map { Step.end($0) }
        if claimed < reactors.count { steps.append(.claim) }
        for reactor in inboxes.indices where !inboxes[reactor].isEmpty {
            steps.append(.deliver(reactor: reactor))
        }
        return steps
    }

    mutating func take(_ step: Step) {
        switch step {
        case .claim:
            let number = claimed
            claimed += 1
            places[number] = Tenancy(waits: true)
            alive.insert(number)
            switch table.claim(
                Self.key, for: holder(number), status: SubscriptionStatus(), now: 0,
                protectedFor: 0)
            {
            case .granted, .refused: placeIsFree(number)
            case .takeover(let previous):
                send(.takenOver(Int(previous.token), by: holder(number)), previous.reactor, number)
            }
        case .deliver(let reactor): receive(inboxes[reactor].removeFirst())
        case .end(let number): end(number)
        }
    }

    private func holder(_ number: Int) -> SubscriptionSlots.Holder {
        SubscriptionSlots.Holder(reactor: reactors[number], token: UInt64(number))
    }

    private mutating func send(_ message: Message, _ reactor: Int, _ from: Int) {
        if reactors[from] == reactor { receive(message) } else { inboxes[reactor].append(message) }
    }

    private mutating func receive(_ message: Message) {
        switch message {
        case .takenOver(let number, let newcomer):
            guard places[number] != nil else { return answer(newcomer, from: number) }
            if mistake == .answersBeforeItHasEnded { answer(newcomer, from: number) }
            places[number]?.takenOver(by: newcomer)
            guard alive.contains(number) else { return }
            asked.insert(number)
            if !sending.contains(number) { end(number) }
        case .placeIsFree(let number): placeIsFree(number)
        }
    }

    private mutating func placeIsFree(_ number: Int) {
        guard places[number]?.isWaiting == true else {
            if mistake == .none { Issue.record("a place was given to nobody") }
            return
        }
        if let action = places[number]?.placeIsFree() { act(action, number) }
    }

    private mutating func end(_ number: Int) {
        alive.remove(number)
        asked.remove(number)
        sending.remove(number)
        if mistake == .forgetsWhoWaitsBeforeIt, places[number]?.isWaiting == true,
            let successor = places.removeValue(forKey: number)?.successor
        {
            return answer(successor, from: number)
        }
        if mistake == .givesBackWhileItWaits { table.release(Self.key, by: holder(number)) }
        if let action = places[number]?.ended() { act(action, number) }
    }

    private mutating func act(_ action: Tenancy.Action, _ number: Int) {
        switch action {
        case .nothing: break
        case .begin: sending.insert(number)
        case .answer(let newcomer):
            places[number] = nil
            answer(newcomer, from: number)
        case .giveBack:
            places[number] = nil
            table.release(Self.key, by: holder(number))
        }
    }

    private mutating func answer(_ newcomer: SubscriptionSlots.Holder, from number: Int) {
        guard mistake == .none || places[Int(newcomer.token)] != nil else { return }
        send(.placeIsFree(Int(newcomer.token)), newcomer.reactor, number)
    }

    /// What must hold after every step; nil if it does.
    var fault: String? {
        if sending.count > 1 { return "\(sending.sorted()) send at the same time" }
        guard inboxes.allSatisfy(\.isEmpty), asked.isEmpty else { return nil }
        // Nobody has anything to do any more.
        if Set(places.keys) != alive { return "\(places.keys) wait for ever" }
        if !alive.isSubset(of: [claimed - 1]) { return "\(alive) were not told" }
        if sending != alive { return "\(alive) never begin" }
        if (table.count == 0) != alive.isEmpty { return "the place is lost" }
        return nil
    }
}

struct TakeoverProtocolTests {
    /// Takes every step in every order from here; the first fault, and how many states there are.
    private func explore(_ start: World) -> (states: Int, fault: String?) {
        var seen: Set<World> = [start]
        var open = [start]
        while let world = open.popLast() {
            if let fault = world.fault { return (seen.count, fault) }
            for step in world.steps {
                var next = world
                next.take(step)
                if seen.insert(next).inserted { open.append(next) }
            }
        }
        return (seen.count, nil)
    }

    /// Every way to put so many subscriptions on two reactors, the first on the first.
    private func assignments(_ count: Int) -> [[Int]] {
        (0..<(1 << (count - 1))).map { mask in
            [0] + (1..<count).map { mask >> ($0 - 1) & 1 }
        }
    }

    @Test func `in every order at most one sends, and whoever claimed last begins`() {
        var states = 0
        for count in 1...4 {
            for reactors in assignments(count) {
                let result = explore(World(reactors, .none))
                #expect(result.fault == nil, "reactors \(reactors)")
                states += result.states
            }
        }
        // Chains of four with relays in between are among them.
        #expect(states > 500)
    }

    @Test(arguments: World.Mistake.allCases.filter { $0 != .none })
    fileprivate func `the exploration finds what is wrong`(_ mistake: World.Mistake) {
        #expect(assignments(3).contains { explore(World($0, mistake)).fault != nil })
    }
}
