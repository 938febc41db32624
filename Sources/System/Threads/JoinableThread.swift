internal import CLinux
internal import Glibc
internal import Synchronization

/// A thread with a name, whose end somebody waits for.
public final class JoinableThread: Sendable {
    private let handle: Mutex<pthread_t?>

    /// Starts a thread that runs `body` once and lets it go there. Of the name, 15 bytes are kept.
    /// Throws `pthread_create`'s error when the kernel has no thread to spare.
    public init(name: String, _ body: sending @escaping () -> Void) throws(SystemError) {
        var thread = pthread_t()
        // The retained box outlives the call: exactly one of the new thread and the failure below
        // takes the reference over.
        let box = unsafe Unmanaged.passRetained(ThreadBody(name: name, body: body))
        let code = unsafe pthread_create(&thread, nil, runThread, box.toOpaque())
        if code != 0 {
            unsafe box.release()
            throw SystemError(errno: code, operation: "pthread_create")
        }
        handle = Mutex(thread)
    }

    /// Waits for the end of the thread. The second call returns at once.
    public func join() {
        let thread = handle.withLock { handle in
            defer { handle = nil }
            return handle
        }
        if let thread { _ = pthread_join(thread, nil) }
    }
}

/// What a thread was started for. Made by one thread, then used by the other alone.
private final class ThreadBody {
    let name: String
    private let body: () -> Void

    init(name: String, body: @escaping () -> Void) {
        self.name = name
        self.body = body
    }

    func run() {
        _ = unsafe weir_set_thread_name(name)
        body()
    }
}

/// The entry point that pthread_create wants; its argument is a retained `ThreadBody`.
@c private func runThread(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let argument = unsafe argument {
        // Takes over the reference that the starter retained for this thread.
        let body = unsafe Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue()
        body.run()
    }
    return nil
}
