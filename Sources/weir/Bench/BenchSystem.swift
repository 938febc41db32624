import CLinux
import Glibc

/// What the benches ask of the system.
enum BenchSystem {
    /// Nanoseconds of a monotonic clock.
    static var now: UInt64 { weir_monotonic_nanoseconds() }

    /// Seconds since 1970.
    static var wallSeconds: Int { Int(weir_wall_milliseconds() / 1000) }

    /// The first bytes of a file, such as one of `/proc`; nil if it cannot be read.
    static func read(_ path: String, limit: Int = 65_536) -> [UInt8]? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: limit)
        var count = 0
        while count < limit {
            let more = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe Glibc.read(
                    descriptor, buffer.baseAddress.unsafelyUnwrapped + count, limit - count)
            }
            if more <= 0 { break }
            count += more
        }
        bytes.removeLast(limit - count)
        return bytes
    }

    /// Makes a folder of its own in `parent`.
    static func makeFolder(in parent: String) -> String? {
        var template = Array("\(parent)/weir-bench-XXXXXX".utf8CString)
        return unsafe template.withUnsafeMutableBufferPointer { buffer in
            guard let name = unsafe mkdtemp(buffer.baseAddress.unsafelyUnwrapped) else {
                return nil
            }
            return unsafe String(cString: name)
        }
    }

    /// The magic number of the file system that holds a folder (statfs(2)).
    static func fileSystemMagic(of folder: String) -> Int64? {
        let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var (available, total, magic) = (UInt64(0), UInt64(0), Int64(0))
        guard unsafe weir_fstatfs(descriptor, &available, &total, &magic) == 0 else { return nil }
        return magic
    }

    /// How long each of `count` writes of 16 KiB and its fdatasync take, in nanoseconds: into a file
    /// that was written before, as the journal is, and that is gone afterwards. Nil if the folder
    /// cannot be written.
    static func timeSyncs(in folder: String, count: Int) -> [UInt64]? {
        let path = "\(folder)/.weir-bench-sync-\(getpid())"
        let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return nil }
        defer {
            close(descriptor)
            unsafe unlink(path)
        }
        let pieces = 64
        let piece = [UInt8](repeating: 0x57, count: 16_384)
        func write(_ index: Int) -> Bool {
            let offset = off_t((index % pieces) * piece.count)
            return unsafe pwrite(descriptor, piece, piece.count, offset) == piece.count
        }
        for i in 0..<pieces where !write(i) { return nil }
        guard fsync(descriptor) == 0 else { return nil }
        var times: [UInt64] = []
        times.reserveCapacity(count)
        for i in 0..<count {
            guard write(i) else { return nil }
            let start = now
            guard fdatasync(descriptor) == 0 else { return nil }
            times.append(now - start)
        }
        return times
    }
}

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
