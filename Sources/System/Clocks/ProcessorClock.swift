internal import CLinux

/// Processor time that has been used: of this process or of one thread.
public enum ProcessorClock {
    /// Nanoseconds of all threads of the process; -1 if the kernel does not tell.
    public static var processNanoseconds: Int64 { weir_process_cpu_nanoseconds() }

    /// Nanoseconds of the calling thread; -1 if the kernel does not tell.
    public static var threadNanoseconds: Int64 { weir_thread_cpu_nanoseconds() }
}
