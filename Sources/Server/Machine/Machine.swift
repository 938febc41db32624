internal import Glibc
internal import ShardLog

/// What the process runs on, for defaults and bounds.
public enum Machine {
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

    /// Descriptors that are open now, those that the process inherited included.
    static func openDescriptors(_ files: any FileSystem) -> Int {
        // Without /proc, the standard streams; with it, one of them is the folder's own.
        (try? files.list("/proc/self/fd")).map { $0.count - 1 } ?? 3
    }

    /// The name of this host, nil if it has none.
    static func hostName(_ files: any FileSystem) -> String? {
        guard let bytes = try? files.contents(of: "/proc/sys/kernel/hostname") else { return nil }
        let name = String(decoding: bytes, as: UTF8.self).prefix { $0 != "\n" }
        return name.isEmpty ? nil : String(name)
    }
}
