internal import ShardLog

/// The control group that the process runs in (cgroups(7)): a container or a service has its own.
enum ControlGroup {
    /// The least `memory.max` of the group and those above it, bytes; nil without a limit. Groups of
    /// version 2 only: of the older ones the kernel says nothing in one place.
    static func memoryLimit(
        _ files: any FileSystem, membership: String = "/proc/self/cgroup",
        root: String = "/sys/fs/cgroup"
    ) -> Int? {
        guard let path = path(files, membership) else { return nil }
        var parts = path.split(separator: "/")
        var least: Int?
        // From the group upwards; a group that is not shown here has no file, and sets no limit.
        while true {
            let name = root + parts.map { "/" + $0 }.joined() + "/memory.max"
            if let bytes = try? files.contents(of: name),
                let limit = Int(String(decoding: bytes, as: UTF8.self).prefix { $0.isNumber })
            {
                least = min(least ?? limit, limit)
            }
            if parts.popLast() == nil { return least }
        }
    }

    /// The line of version 2 is `0::PATH`.
    private static func path(_ files: any FileSystem, _ membership: String) -> Substring? {
        guard let bytes = try? files.contents(of: membership) else { return nil }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
            .first { $0.hasPrefix("0::") }?.dropFirst(3)
    }
}
