/// Something to do at a moment. Scheduled on one reactor at a time, again and again if wanted.
public final class Timer {
    /// Runs on the reactor's thread. Whoever makes the timer sees to it that the closure does not
    /// keep the timer's owner alive against its will.
    public let handler: () -> Void
    /// When it runs, in the reactor's nanoseconds; meaningful while scheduled.
    public internal(set) var deadline: UInt64 = 0
    /// Its place in the queue, -1 while not scheduled.
    var position = -1

    public init(_ handler: @escaping () -> Void) {
        self.handler = handler
    }

    /// Whether it waits for its deadline.
    public var isScheduled: Bool { position >= 0 }
}

/// Timers ordered by deadline: a binary heap in which every timer knows its place, so that both
/// adding and cancelling take O(log n).
struct TimerQueue {
    private var heap: [Timer] = []

    var count: Int { heap.count }
    var first: Timer? { heap.first }

    /// Adds a timer, or moves one that waits already.
    mutating func schedule(_ timer: Timer, at deadline: UInt64) {
        timer.deadline = deadline
        if timer.position < 0 {
            timer.position = heap.count
            heap.append(timer)
        } else {
            precondition(holds(timer), "a timer is scheduled on one reactor at a time")
        }
        settle(timer)
    }

    /// Takes a timer out; one that does not wait is left alone.
    mutating func cancel(_ timer: Timer) {
        let place = timer.position
        guard place >= 0 else { return }
        precondition(holds(timer), "a timer is cancelled on the reactor that it waits on")
        timer.position = -1
        let last = heap.removeLast()
        if last !== timer {
            heap[place] = last
            last.position = place
            settle(last)
        }
    }

    /// Takes out the first timer if it is due.
    mutating func takeDue(_ now: UInt64) -> Timer? {
        guard let timer = heap.first, timer.deadline <= now else { return nil }
        cancel(timer)
        return timer
    }

    private func holds(_ timer: Timer) -> Bool {
        timer.position < heap.count && heap[timer.position] === timer
    }

    /// Moves a timer up or down until its parent is not later and its children are not earlier.
    private mutating func settle(_ timer: Timer) {
        var place = timer.position
        while place > 0, heap[(place - 1) / 2].deadline > timer.deadline {
            move(heap[(place - 1) / 2], to: place)
            place = (place - 1) / 2
        }
        while true {
            var child = 2 * place + 1
            guard child < heap.count else { break }
            if child + 1 < heap.count, heap[child + 1].deadline < heap[child].deadline {
                child += 1
            }
            guard heap[child].deadline < timer.deadline else { break }
            move(heap[child], to: place)
            place = child
        }
        move(timer, to: place)
    }

    private mutating func move(_ timer: Timer, to place: Int) {
        heap[place] = timer
        timer.position = place
    }
}
