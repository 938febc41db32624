import Glibc
import System

/// How long the disk takes to make a write durable.
enum SyncTimes {
    /// How long each of `count` writes of 16 KiB and its fdatasync take, in nanoseconds: into a file
    /// that was written before, as the journal is, and that is gone afterwards. With a pace, each
    /// begins when it is due. Nil if the folder cannot be written.
    static func measure(in folder: String, count: Int, perSecond: Double? = nil) -> [UInt64]? {
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
        let schedule = perSecond.map { Schedule(start: MonotonicClock.nanoseconds, perSecond: $0) }
        for i in 0..<count {
            if let schedule { sleep(until: schedule.due(UInt64(i))) }
            // A paced put is written and synced by a thread that was asleep: so is this.
            let begin = MonotonicClock.nanoseconds
            guard write(i) else { return nil }
            let start = perSecond == nil ? MonotonicClock.nanoseconds : begin
            guard fdatasync(descriptor) == 0 else { return nil }
            times.append(MonotonicClock.nanoseconds - start)
        }
        return times
    }

    private static func sleep(until time: UInt64) {
        let now = MonotonicClock.nanoseconds
        guard time > now else { return }
        usleep(UInt32(clamping: (time - now) / 1_000))
    }
}
