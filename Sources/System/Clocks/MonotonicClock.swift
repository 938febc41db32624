internal import CLinux

/// Time that only goes forward: `CLOCK_MONOTONIC`.
public enum MonotonicClock {
    /// Nanoseconds since a moment fixed while the machine runs.
    public static var nanoseconds: UInt64 { weir_monotonic_nanoseconds() }
}
