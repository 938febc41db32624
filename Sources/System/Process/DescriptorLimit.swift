internal import CLinux

/// How many descriptors the process may have (`RLIMIT_NOFILE`, setrlimit(2)).
public struct DescriptorLimit: Sendable, Equatable {
    /// What holds for the process, and what it was started with.
    public var soft: Int
    public var initialSoft: Int
    /// What a process without privileges may raise the soft limit to.
    public var hard: Int

    public init(soft: Int, initialSoft: Int, hard: Int) {
        self.soft = soft
        self.initialSoft = initialSoft
        self.hard = hard
    }

    /// Raises the soft limit to the hard one and says what holds then. Soft limits of 1024 are kept
    /// low for programs that call select(2), which this one does not.
    public static func raise() -> DescriptorLimit {
        let initial = weir_descriptor_limit()
        let hard = weir_hard_descriptor_limit()
        // It is refused where the system's own bound was lowered since: the soft limit stays.
        if initial < hard { _ = weir_set_descriptor_limit(hard) }
        return DescriptorLimit(
            soft: Int(clamping: weir_descriptor_limit()), initialSoft: Int(clamping: initial),
            hard: Int(clamping: hard))
    }
}
