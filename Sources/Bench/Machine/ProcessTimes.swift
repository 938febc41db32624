import Glibc
import System

/// CPU that a process has used, all its threads together.
struct ProcessTimes: Equatable {
    /// Both in clock ticks, 100 a second: a run of seconds is known to a few parts in a thousand.
    var userTicks: UInt64
    var systemTicks: UInt64

    /// Reads the fields utime and stime of `/proc/<pid>/stat` (proc(5)). The second field, the
    /// program's name, is in parentheses and may hold anything, parentheses included.
    init?(stat: [UInt8]) {
        guard let end = stat.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = stat[(end + 1)...].split(separator: UInt8(ascii: " "))
        guard fields.count >= 13, let user = UInt64(String(decoding: fields[11], as: UTF8.self)),
            let system = UInt64(String(decoding: fields[12], as: UTF8.self))
        else { return nil }
        userTicks = user
        systemTicks = system
    }

    static func of(_ pid: Int32) -> ProcessTimes? {
        (try? WholeFile.bytes("/proc/\(pid)/stat", limit: 65_536))
            .flatMap { ProcessTimes(stat: $0) }
    }

    /// Seconds since another reading of the same process.
    func seconds(since earlier: ProcessTimes) -> Double {
        let ticks = userTicks + systemTicks - earlier.userTicks - earlier.systemTicks
        return Double(ticks) / Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
    }
}
