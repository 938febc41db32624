internal import CLinux
internal import Glibc
internal import Metrics
public import System

/// Accepts a listener's connections on one reactor.
///
/// Several reactors may each have an acceptor of the same listener; or one has it and sends what it
/// accepts to the others (`Socket.release`). When the process is out of descriptors it accepts
/// nothing for 100 ms, and while its owner has no room nothing for 10 ms, instead of spinning on a
/// listener that stays readable; who waits to connect waits in the kernel's queue.
public final class Acceptor {
    private let listener: Listener
    private let reactor: Reactor
    private let accepted: (Socket) -> Void
    private var doors: [Door] = []
    private var pause: Timer?
    /// Asked before each accept: whether there is room for another connection. While there is not,
    /// it is asked again every 10 ms.
    public var mayAccept: () -> Bool = { true }
    /// Told at each pause for lack of descriptors or memory, or because nothing could be accepted.
    public var pauses: (SystemError) -> Void = { _ in }
    private(set) var isPaused = false
    private(set) var isStopped = false
    /// For tests; see `SocketFaults`.
    public var faults: (any SocketFaults)?

    /// Begins to accept. `accepted` owns each socket that it is called with; it is kept until
    /// `stop`.
    public init(
        _ listener: Listener, on reactor: Reactor, accepted: @escaping (Socket) -> Void
    ) throws(SystemError) {
        self.listener = listener
        self.reactor = reactor
        self.accepted = accepted
        for descriptor in listener.descriptors {
            let door = Door(self, descriptor)
            door.registration = try reactor.add(descriptor, interest: .readable, handler: door)
            doors.append(door)
        }
        pause = Timer { [weak self] in self?.setPaused(false) }
    }

    deinit {
        stop()
    }

    /// Accepts no more, for good. The listener itself stays open until its last owner lets go.
    public func stop() {
        if isStopped { return }
        isStopped = true
        if let pause { reactor.cancel(pause) }
        for door in doors {
            if let registration = door.registration { reactor.remove(registration) }
        }
    }

    /// One of the listener's sockets, as the reactor sees it. Unowned by design: the acceptor
    /// removes it from the reactor before it goes.
    private final class Door: ReadinessHandler {
        weak var acceptor: Acceptor?
        let descriptor: Int32
        var registration: Registration?

        init(_ acceptor: Acceptor, _ descriptor: Int32) {
            self.acceptor = acceptor
            self.descriptor = descriptor
        }

        func ready(_ readiness: Readiness) {
            acceptor?.acceptWaiting(descriptor)
        }
    }

    private func acceptWaiting(_ descriptor: Int32) {
        var failures = 0
        for _ in 0..<Limits.acceptsPerTurn {
            if isPaused || isStopped { return }
            guard mayAccept() else {
                return setPaused(true, Limits.noRoomPauseNanoseconds)
            }
            let result = acceptOne(descriptor)
            if result >= 0 {
                reactor.counters.acceptCount.add()
                accepted(Socket(descriptor: result))
                continue
            }
            if result == -EAGAIN { return }
            let error = SystemError(errno: -result, operation: "accept")
            // Else the connection died in the queue; Linux reports its error here (accept(2)). An
            // error that comes every time is not of a connection.
            failures += 1
            if error.isExhaustion || failures == Limits.acceptsPerTurn {
                setPaused(true, Limits.exhaustionPauseNanoseconds)
                return pauses(error)
            }
        }
    }

    /// A descriptor, or the errno as a negative number.
    private func acceptOne(_ descriptor: Int32) -> Int32 {
        if case .failure(let code) = faults?.before(.accept, count: 1) { return -code }
        let result = weir_accept(descriptor)
        return result >= 0 ? result : -errno
    }

    private func setPaused(_ paused: Bool, _ nanoseconds: UInt64 = 0) {
        isPaused = paused
        for door in doors {
            guard let registration = door.registration else { continue }
            do throws(SystemError) {
                try reactor.update(registration, interest: paused ? [] : .readable)
            } catch {
                preconditionFailure("changing an interest needs no new resources: \(error)")
            }
        }
        guard paused, let pause else { return }
        reactor.counters.acceptPauseCount.add()
        reactor.schedule(pause, at: reactor.now + nanoseconds)
    }
}
