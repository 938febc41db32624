internal import Glibc
internal import ShardLog

/// What the process runs on, for defaults.
public enum Machine {
    /// Processors that are online.
    public static var processors: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// Main memory in bytes.
    public static var memoryBytes: Int {
        max(0, sysconf(Int32(_SC_PHYS_PAGES))) * max(0, sysconf(Int32(_SC_PAGESIZE)))
    }

    /// The name of this host, nil if it has none.
    static func hostName(_ files: any FileSystem) -> String? {
        guard let bytes = try? files.contents(of: "/proc/sys/kernel/hostname") else { return nil }
        let name = String(decoding: bytes, as: UTF8.self).prefix { $0 != "\n" }
        return name.isEmpty ? nil : String(name)
    }
}
