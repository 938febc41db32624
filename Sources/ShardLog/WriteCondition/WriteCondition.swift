internal import Synchronization
internal import System

/// Whether the log takes writes, why not, and what ends that.
///
/// | state | entered when | takes | left when |
/// |---|---|---|---|
/// | accepting | | everything | |
/// | lacking | records were refused before anything of them was written | records, one by one, while a little space is free; changes | what was lacking is there: free space with room to spare, or three looks, a second apart, without a failure |
/// | stuck | a batch is durable and cannot be published, or nobody knows whether it is durable | nothing | the committer's next attempt, one a second, succeeds |
/// | over | what was acknowledged may be lost with the journal | nothing | the server is started again |
///
/// A worse state takes the place of a better one, and a lack of space that of another lack; while it
/// lasts, the first reason stays. Every change is told once to the observer and counted.
final class WriteCondition: Sendable {
    /// What is lacking.
    enum Lack: Equatable {
        /// So many bytes were needed.
        case space(bytes: UInt64)
        case descriptors
        /// The disk refused a call; the next may be answered.
        case cooperation
    }

    enum State: Equatable {
        case accepting
        case lacking(Lack)
        case stuck
        case over

        fileprivate var isLackOfSpace: Bool {
            if case .lacking(.space) = self { true } else { false }
        }

        /// The same, whatever the count of bytes.
        fileprivate func isKind(of other: State) -> Bool {
            self == other || (isLackOfSpace && other.isLackOfSpace)
        }

        fileprivate var severity: Int {
            switch self {
            case .accepting: 0
            case .lacking: 1
            case .stuck: 2
            case .over: 3
            }
        }
    }

    private struct Contents {
        var state = State.accepting
        var reason = ""
        /// Failures since somebody last looked, and looks without one.
        var isFailing = false
        var quietLooks = 0
        var observer: (@Sendable (Health) -> Void)?
    }

    private let contents = Mutex(Contents())
    let changes = Atomic<UInt64>(0)

    /// Records are staged. Off while nothing is taken, and while so little space is free that asking
    /// for it would be a waste.
    let isStaging = Atomic<Bool>(true)

    var state: State { contents.withLock { $0.state } }

    var health: Health {
        contents.withLock { Self.health($0) }
    }

    /// Nothing new is taken.
    var isRefusing: Bool { state.severity >= State.stuck.severity }

    /// The observer is told of each change, and now if not everything is accepted. It is called from
    /// the log's threads and must not block.
    func observe(_ observer: @escaping @Sendable (Health) -> Void) {
        let health = contents.withLock { contents in
            contents.observer = observer
            return Self.health(contents)
        }
        if health != .accepting { observer(health) }
    }

    func enter(_ state: State, _ failure: SystemError, _ what: String) {
        let reason =
            "\(what): \(failure.operation): \(SystemError.text(failure.errno)). \(state.wayOn)"
        change { contents in
            contents.isFailing = true
            contents.quietLooks = 0
            if state.isKind(of: contents.state) {
                // Twice what was lacking last must be there.
                contents.state = state
            } else if state.severity > contents.state.severity
                || (state.severity == contents.state.severity && state.isLackOfSpace)
            {
                contents.state = state
                contents.reason = reason
            }
        }
        if isRefusing { isStaging.store(false, ordering: .relaxed) }
    }

    /// The attempt has succeeded.
    func endStuck() {
        change { contents in
            if contents.state == .stuck { contents.state = .accepting }
        }
        if !isRefusing { isStaging.store(true, ordering: .relaxed) }
    }

    /// Looks whether what was lacking is there again. About once a second.
    /// - Parameters:
    ///   - free: bytes that are free beside the reserve; nil if that could not be found out.
    ///   - opens: whether a file can be opened.
    func look(free: UInt64?, opens: () -> Bool) {
        if case .lacking(.space) = state, let free { noteFree(free) }
        let opens = state == .lacking(.descriptors) && opens()
        change { contents in
            contents.quietLooks = contents.isFailing ? 0 : contents.quietLooks + 1
            contents.isFailing = false
            guard case .lacking(let lack) = contents.state else { return }
            let isThere =
                switch lack {
                case .space(let bytes):
                    (free ?? 0) >= max(Limits.freeBytesToRecover, 2 * bytes)
                case .descriptors: opens && contents.quietLooks >= Self.looks
                case .cooperation: contents.quietLooks >= Self.looks
                }
            if isThere { contents.state = .accepting }
        }
        if state == .accepting { isStaging.store(true, ordering: .relaxed) }
    }

    /// With hardly any space free records are refused as they come.
    func noteFree(_ bytes: UInt64) {
        guard !isRefusing else { return }
        isStaging.store(bytes >= Limits.freeBytesToStage, ordering: .relaxed)
    }

    private static let looks = 3

    private func change(_ body: (inout Contents) -> Void) {
        let (observer, health) = contents.withLock { contents in
            let before = contents.state
            body(&contents)
            let isChanged = !contents.state.isKind(of: before)
            if isChanged { changes.add(1, ordering: .relaxed) }
            return (isChanged ? contents.observer : nil, Self.health(contents))
        }
        observer?(health)
    }

    private static func health(_ contents: Contents) -> Health {
        switch contents.state {
        case .accepting: .accepting
        case .lacking: .lacking(reason: contents.reason)
        case .stuck, .over: .refusing(reason: contents.reason)
        }
    }
}

extension WriteCondition.State {
    /// What ends it, for people.
    fileprivate var wayOn: String {
        switch self {
        case .accepting: ""
        case .lacking(.space):
            "Deleting streams and shortening retention work; records are taken again when there is "
                + "space"
        case .lacking(.descriptors):
            "Raise the limit of open files or close connections; it is tried again with every "
                + "record"
        case .lacking(.cooperation):
            "What was acknowledged is safe; it is tried again with every record"
        case .stuck:
            "It is tried again every second; look after the disk"
        case .over:
            "Start the server again: it brings back what reached the disk, and says what did not"
        }
    }
}

extension WriteCondition.Lack {
    init(_ failure: SystemError, bytes: UInt64) {
        if failure.isNoSpace {
            self = .space(bytes: bytes)
        } else {
            self = failure.isLackOfRoom ? .descriptors : .cooperation
        }
    }
}
