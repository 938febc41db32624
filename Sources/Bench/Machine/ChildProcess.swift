import Glibc

/// A program that was started from here, and that this bench ends by its number.
final class ChildProcess: Sendable {
    let pid: pid_t
    /// What it writes to its standard output.
    private let output: Int32

    /// Starts a program with these arguments, its own name first; its standard error is ours.
    /// Nil when the system refuses.
    init?(_ path: String, _ arguments: [String]) {
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { return nil }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
        // The child begins without our blocked signals, and alone in its group: Ctrl-C is for us,
        // and we end it.
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        var none = sigset_t()
        unsafe sigemptyset(&none)
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        unsafe posix_spawnattr_setpgroup(&attributes, 0)
        unsafe posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP))
        defer {
            unsafe posix_spawn_file_actions_destroy(&actions)
            unsafe posix_spawnattr_destroy(&attributes)
            close(ends[1])
        }
        // The copies are freed below; the system has taken its own by then.
        var pointers = unsafe arguments.map { unsafe strdup($0) }
        unsafe pointers.append(nil)
        defer { for i in arguments.indices { unsafe free(pointers[i]) } }
        var pid: pid_t = 0
        guard unsafe posix_spawn(&pid, path, &actions, &attributes, pointers, environ) == 0 else {
            close(ends[0])
            return nil
        }
        self.pid = pid
        output = ends[0]
    }

    deinit { close(output) }

    /// The next line of its standard output; nil when it has ended or said nothing for ten seconds.
    func line() -> String? {
        var text: [UInt8] = []
        var byte: UInt8 = 0
        while true {
            var entry = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
            guard unsafe poll(&entry, 1, 10_000) > 0, unsafe Glibc.read(output, &byte, 1) == 1
            else { return nil }
            if byte == 0x0A { return String(decoding: text, as: UTF8.self) }
            text.append(byte)
        }
    }

    /// Asks it to end, waits for that, and after ten seconds ends it.
    func end() {
        kill(pid, SIGTERM)
        for _ in 0..<1_000 {
            if waitpid(pid, nil, WNOHANG) != 0 { return }
            usleep(10_000)
        }
        kill(pid, SIGKILL)
        waitpid(pid, nil, 0)
    }

    /// Waits until it has ended by itself.
    func wait() { waitpid(pid, nil, 0) }
}
