internal import CLinux
internal import Glibc
internal import ShardLog

/// What the process runs on, for defaults and bounds.
public enum Machine {
    /// Processors that this process may run on (sched_getaffinity(2)), at least 1.
    public static var processors: Int {
        let allowed = Int(weir_allowed_processors())
        return allowed > 0 ? allowed : max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    }

    /// Memory in bytes that the process can have: the machine's, or what its control group allows
    /// if that is less.
    public static var memoryBytes: Int {
        let physical = max(0, sysconf(Int32(_SC_PHYS_PAGES))) * max(0, sysconf(Int32(_SC_PAGESIZE)))
        return min(physical, ControlGroup.memoryLimit(RealFileSystem()) ?? physical)
    }

    /// Mappings that a process may have (`vm.max_map_count`), 65,530 where that cannot be read.
    static func mappings(_ files: any FileSystem) -> Int {
        guard let bytes = try? files.contents(of: "/proc/sys/vm/max_map_count"),
            let count = Int(String(decoding: bytes, as: UTF8.self).prefix { $0.isNumber })
        else { return 65_530 }
        return count
    }

    /// The name of this host, nil if it has none.
    static func hostName(_ files: any FileSystem) -> String? {
        guard let bytes = try? files.contents(of: "/proc/sys/kernel/hostname") else { return nil }
        let name = String(decoding: bytes, as: UTF8.self).prefix { $0 != "\n" }
        return name.isEmpty ? nil : String(name)
    }
}
