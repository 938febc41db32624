internal import CLinux
internal import ShardLog

/// How many descriptors the process may have (`RLIMIT_NOFILE`, setrlimit(2)).
struct DescriptorLimit: Equatable {
    /// What holds for the process, and what it was started with.
    var soft: Int
    var initialSoft: Int
    /// What a process without privileges may raise the soft limit to.
    var hard: Int

    /// Raises the soft limit to the hard one and says what holds then. Soft limits of 1024 are kept
    /// low for programs that call select(2), which this one does not.
    static func raise() -> DescriptorLimit {
        let initial = weir_descriptor_limit()
        let hard = weir_hard_descriptor_limit()
        // It is refused where the system's own bound was lowered since: the soft limit stays.
        if initial < hard { _ = weir_set_descriptor_limit(hard) }
        return DescriptorLimit(
            soft: Int(clamping: weir_descriptor_limit()), initialSoft: Int(clamping: initial),
            hard: Int(clamping: hard))
    }

    /// Descriptors that are open now, those that the process inherited included.
    static func openDescriptors(_ files: any FileSystem) -> Int {
        // Without /proc, the standard streams; with it, one of them is the folder's own.
        (try? files.list("/proc/self/fd")).map { $0.count - 1 } ?? 3
    }
}
