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
    /// that was written before, as the journal is, and that is gone afterwards. With a pace, each
    /// begins when it is due. Nil if the folder cannot be written.
    static func timeSyncs(in folder: String, count: Int, perSecond: Double? = nil) -> [UInt64]? {
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
        let schedule = perSecond.map { Schedule(start: now, perSecond: $0) }
        for i in 0..<count {
            if let schedule { sleep(until: schedule.due(UInt64(i))) }
            // A paced put is written and synced by a thread that was asleep: so is this.
            let begin = now
            guard write(i) else { return nil }
            let start = perSecond == nil ? now : begin
            guard fdatasync(descriptor) == 0 else { return nil }
            times.append(now - start)
        }
        return times
    }

    private static func sleep(until time: UInt64) {
        let now = now
        guard time > now else { return }
        usleep(UInt32(clamping: (time - now) / 1_000))
    }
}
