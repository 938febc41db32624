internal import CLinux
internal import Glibc
internal import Metrics
public import System

/// One thread's event loop: what it owns are plain classes without locks, because nothing but this
/// thread touches them.
///
/// A turn, in order: wait; deliver readiness; if somebody used the waker, run the wake hooks; run
/// the timers that are due; call those who asked for a turn; run the end-of-turn hooks.
@safe public final class Reactor {
    /// Which of the process's reactors this is, from 0.
    public let index: Int
    /// `CLOCK_MONOTONIC` in nanoseconds, read when the turn began.
    public var now: UInt64 { turnBegan }
    /// Ends this reactor's sleep from any thread.
    public let waker: Waker
    /// What this reactor has done so far; readable from any thread.
    public let counters = ReactorCounters()

    /// Whether the processor time of each turn and of its steps is measured, which costs a system
    /// call each. Unlike the lag it does not depend on what else the machine does.
    public var measuresTurns: Bool {
        get { isMeasuring }
        set { isMeasuring = newValue }
    }

    // What every turn looks at is neither public nor changed in place: both would cost a check at
    // run time at each look.
    private var isMeasuring = false
    private var stepBegan: Int64 = 0
    private var turnBegan: UInt64
    /// When the first timer is due; `.max` if none waits.
    private var firstDeadline = UInt64.max
    private var isTurnWaiting = false

    private let epoll: Int32
    /// What the kernel reports in one turn; freed in `deinit`.
    private let events: UnsafeMutableBufferPointer<epoll_event>
    /// Those of them that a turn had no time left for; the next begins with them.
    private var nextEvent = 0
    private var eventCount = 0
    private var watched: [Watched] = []
    private var registrations: UInt32 = 0
    private var timers = TimerQueue()
    private var waitingTurns: [any TurnHandler] = []
    private var endOfTurnHooks: [() -> Void] = []
    private var wakeHooks: [() -> Void] = []
    private var endHooks: [() -> Void] = []
    private(set) var isStopped = false

    /// What is known about a descriptor; its place in `watched` is the descriptor's number.
    private struct Watched {
        var number: UInt32 = 0
        var handler: (any ReadinessHandler)?
    }

    /// The registration number of the waker's eventfd; others count from 1.
    private static let wakerNumber: UInt32 = 0

    init(index: Int) throws(SystemError) {
        self.index = index
        waker = try Waker()
        epoll = weir_epoll_create()
        if epoll < 0 { throw .last("epoll_create1") }
        turnBegan = MonotonicClock.nanoseconds
        unsafe events = .allocate(capacity: Limits.eventsPerTurn)
        // Edge-triggered: each write to the eventfd is an event, and nobody need read it back.
        let registration = Registration(descriptor: waker.descriptor, number: Self.wakerNumber)
        try control(EPOLL_CTL_ADD, registration, events: WEIR_EPOLLIN | WEIR_EPOLLET)
    }

    deinit {
        unsafe events.deallocate()
        close(epoll)
    }

    // Descriptors

    /// Watches `descriptor` until it is removed. The caller owns it, and removes it here before it
    /// closes it.
    ///
    /// Throws the kernel's error, `ENOSPC` or `ENOMEM`, when it can watch no more.
    public func add(
        _ descriptor: Int32, interest: Interest, handler: any ReadinessHandler
    ) throws(SystemError) -> Registration {
        precondition(descriptor >= 0, "a descriptor is not negative")
        registrations &+= 1
        if registrations == Self.wakerNumber { registrations = 1 }
        let registration = Registration(descriptor: descriptor, number: registrations)
        try control(EPOLL_CTL_ADD, registration, events: wanted(interest))
        while watched.count <= Int(descriptor) { watched.append(Watched()) }
        watched[Int(descriptor)] = Watched(number: registration.number, handler: handler)
        return registration
    }

    /// Changes what is wanted of a registration that is still in force.
    public func update(_ registration: Registration, interest: Interest) throws(SystemError) {
        precondition(isCurrent(registration), "only a current registration is updated")
        try control(EPOLL_CTL_MOD, registration, events: wanted(interest))
    }

    /// Ends a registration and lets its handler go; no event of it is delivered afterwards. One
    /// that has ended already is left alone.
    public func remove(_ registration: Registration) {
        guard isCurrent(registration) else { return }
        watched[Int(registration.descriptor)] = Watched()
        do throws(SystemError) {
            try control(EPOLL_CTL_DEL, registration, events: 0)
        } catch {
            preconditionFailure("a descriptor was closed before it was removed: \(error)")
        }
    }

    private func isCurrent(_ registration: Registration) -> Bool {
        let place = Int(registration.descriptor)
        return place < watched.count && watched[place].handler != nil
            && watched[place].number == registration.number
    }

    private func wanted(_ interest: Interest) -> UInt32 {
        // Who reads also wants to hear that the peer has finished.
        interest.contains(.readable) ? interest.rawValue | WEIR_EPOLLRDHUP : interest.rawValue
    }

    private func control(
        _ operation: Int32, _ registration: Registration, events: UInt32
    ) throws(SystemError) {
        var event = unsafe epoll_event(
            events: events, data: epoll_data_t(u64: registration.token))
        if unsafe epoll_ctl(epoll, operation, registration.descriptor, &event) != 0 {
            throw .last("epoll_ctl")
        }
    }

    // Work

    /// Calls `handler` in the next turn, once for each time of asking. For work left over when a
    /// share of this turn is used up; the reactor does not sleep in between.
    public func runNextTurn(_ handler: any TurnHandler) {
        waitingTurns.append(handler)
        isTurnWaiting = true
    }

    /// Adds a permanent hook that runs at the end of every turn, in the order of adding.
    public func atEndOfTurn(_ hook: @escaping () -> Void) {
        endOfTurnHooks.append(hook)
    }

    /// Adds a permanent hook that runs in every turn in which the waker was used; inboxes are
    /// drained here.
    public func onWake(_ hook: @escaping () -> Void) {
        wakeHooks.append(hook)
    }

    /// Adds a hook that runs once, behind the last turn: what its owner did in pieces is done there.
    public func atEnd(_ hook: @escaping () -> Void) {
        endHooks.append(hook)
    }

    /// Runs a timer when `now` has reached `deadline`; one that waits already is moved.
    public func schedule(_ timer: Timer, at deadline: UInt64) {
        timers.schedule(timer, at: deadline)
        noteFirstDeadline()
    }

    /// Makes a timer wait no longer; one that does not wait is left alone.
    public func cancel(_ timer: Timer) {
        timers.cancel(timer)
        noteFirstDeadline()
    }

    private func noteFirstDeadline() { firstDeadline = timers.first?.deadline ?? .max }

    /// Makes this turn the last one.
    public func stop() {
        isStopped = true
    }

    // The loop

    /// Takes turns until somebody stops it, then lets everything go that it was given: handlers and
    /// hooks refer to their reactor, and would keep each other alive.
    func run() {
        while !isStopped { takeTurn() }
        let hooks = endHooks
        endHooks = []
        for hook in hooks { hook() }
        while timers.takeDue(.max) != nil {}
        // Each is empty before its former content is released, because that may call back to be
        // removed.
        let ended = (watched, waitingTurns, endOfTurnHooks, wakeHooks)
        (watched, waitingTurns, endOfTurnHooks, wakeHooks) = ([], [], [], [])
        isTurnWaiting = false
        withExtendedLifetime(ended) {}
    }

    /// One turn; waits at most `longestWaitNanoseconds`, for ever if negative.
    func takeTurn(longestWaitNanoseconds: Int64 = -1) {
        if nextEvent == eventCount {
            (nextEvent, eventCount) = (0, wait(longest: longestWaitNanoseconds))
        }
        turnBegan = MonotonicClock.nanoseconds
        let began = isMeasuring ? ProcessorClock.threadNanoseconds : 0
        stepBegan = began
        let isNotified = waker.takeNotice()
        deliverEvents()
        if isNotified {
            counters.wakeCount.add()
            for hook in wakeHooks { hook() }
            ended(.messages)
        }
        let lateness = runTimers()
        runWaitingTurns()
        for hook in endOfTurnHooks { hook() }
        ended(.output)
        counters.turnCount.add()
        if isMeasuring {
            counters.turnTime.record(UInt64(max(0, ProcessorClock.threadNanoseconds - began)))
        }
        // Whatever became ready just after the wait had to wait for the whole turn.
        counters.lag.record(max(lateness, MonotonicClock.nanoseconds &- now))
    }

    /// Takes note of how long a step was, where that is asked for.
    private func ended(_ step: TurnStep) {
        guard isMeasuring else { return }
        let now = ProcessorClock.threadNanoseconds
        counters.stepTime[step.rawValue].raise(to: UInt64(max(0, now - stepBegan)))
        stepBegan = now
    }

    private func wait(longest: Int64) -> Int {
        var timeout = longest
        if isStopped || isTurnWaiting {
            timeout = 0
        } else if firstDeadline < .max {
            // Time has passed since the turn began.
            let present = MonotonicClock.nanoseconds
            let untilDue =
                firstDeadline > present ? Int64(min(firstDeadline - present, 1 << 62)) : 0
            timeout = longest < 0 ? untilDue : min(longest, untilDue)
        }
        if timeout != 0, !waker.fallAsleep() { timeout = 0 }
        let count = unsafe weir_epoll_wait(
            epoll, events.baseAddress, Int32(events.count), timeout)
        if count < 0 {
            precondition(errno == EINTR, "epoll_wait: errno \(errno)")
            return 0
        }
        return Int(count)
    }

    /// Delivers what the kernel has reported, in the time that a turn has for it: handshakes and
    /// large reads take long, and sixty-four of them would hold up timers and messages.
    private func deliverEvents() {
        while nextEvent < eventCount {
            let event = unsafe events[nextEvent]
            nextEvent += 1
            unsafe deliver(Registration(token: event.data.u64), event.events)
            ended(.event)
            if (eventCount - nextEvent) % Limits.eventsPerLook == 0,
                MonotonicClock.nanoseconds &- now > Limits.deliveryNanoseconds
            {
                return
            }
        }
    }

    private func deliver(_ registration: Registration, _ events: UInt32) {
        if registration.number == Self.wakerNumber { return }
        let place = Int(registration.descriptor)
        guard place < watched.count, watched[place].number == registration.number,
            let handler = watched[place].handler
        else {
            counters.staleEventCount.add()
            return
        }
        counters.eventCount.add()
        handler.ready(Readiness(rawValue: events))
    }

    /// Runs what is due, and says how late the latest of it was, in nanoseconds.
    private func runTimers() -> UInt64 {
        if firstDeadline > now { return 0 }
        var lateness: UInt64 = 0
        // A timer that schedules itself for a past moment runs again in the next turn, not in this.
        var remaining = timers.count
        while remaining > 0, let timer = timers.takeDue(now) {
            remaining -= 1
            lateness = max(lateness, now &- timer.deadline)
            counters.timerCount.add()
            timer.handler()
            ended(.timer)
        }
        noteFirstDeadline()
        return lateness
    }

    private func runWaitingTurns() {
        guard isTurnWaiting else { return }
        let handlers = waitingTurns
        (waitingTurns, isTurnWaiting) = ([], false)
        let began = MonotonicClock.nanoseconds
        for place in 0..<handlers.count {
            handlers[place].turn()
            ended(.leftover)
            // The others are first in the next turn.
            if place + 1 < handlers.count,
                MonotonicClock.nanoseconds &- began > Limits.leftoverNanoseconds
            {
                waitingTurns.insert(contentsOf: handlers[(place + 1)...], at: 0)
                isTurnWaiting = true
                return
            }
        }
    }
}
