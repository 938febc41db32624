/// What an acknowledgement promises.
public enum Durability: Sendable, Hashable {
    /// The record is on disk: fdatasync returned before the acknowledgement. The default.
    case commit
    /// The kernel has the record; the disk has it at most so many milliseconds later. A crash of
    /// the process loses nothing, a crash of the machine loses what the interval covers.
    case interval(milliseconds: Int)
    /// The kernel has the record and writes it when it pleases.
    case os
}
