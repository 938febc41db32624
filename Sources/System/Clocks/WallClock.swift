internal import CLinux

/// The time of day: `CLOCK_REALTIME`. It may be set back at any moment; what must not go back
/// (node time, indices, arrival times) is derived by its owner.
public enum WallClock {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    public static var milliseconds: Int64 { weir_wall_milliseconds() }

    /// Whether the kernel vouches for a time: NTP disciplines its clock, and that is the time.
    public static func isSynchronized(milliseconds: Int64) -> Bool {
        weir_clock_is_synchronized(milliseconds) == 1
    }
}
