internal import CLinux
internal import Glibc

/// The processors of the machine.
public enum Processors {
    /// Those that this process may run on (sched_getaffinity(2)), at least 1.
    public static var allowed: Int {
        let allowed = Int(weir_allowed_processors())
        return allowed > 0 ? allowed : max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    }
}
