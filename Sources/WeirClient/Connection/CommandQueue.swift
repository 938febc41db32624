import Synchronization

/// What a client's tasks ask of its reactor, in the order of asking.
final class CommandQueue: Sendable {
    typealias Command = @Sendable (ClientLoop) -> Void

    private struct State {
        var commands: [Command] = []
        var isClosed = false
    }

    private let state = Mutex(State())

    /// Adds a command; false once the queue is closed. Each command stands for a call, an event or
    /// a subscription of the caller's, so their number is the caller's doing.
    func post(_ command: @escaping Command) -> Bool {
        state.withLock { state in
            guard !state.isClosed else { return false }
            state.commands.append(command)
            return true
        }
    }

    /// Takes no command after this one; false if it was closed before.
    func close(_ last: @escaping Command) -> Bool {
        state.withLock { state in
            guard !state.isClosed else { return false }
            state.isClosed = true
            state.commands.append(last)
            return true
        }
    }

    /// Runs what was posted so far.
    func run(on loop: ClientLoop) {
        let commands = state.withLock { state in
            var taken: [Command] = []
            swap(&taken, &state.commands)
            return taken
        }
        for command in commands { command(loop) }
    }
}
