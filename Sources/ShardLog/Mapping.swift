internal import CLinux
internal import Glibc

/// Bytes of a file in memory, for reading; unmapped when the last reference goes.
///
/// Bytes at or past the end of the file must not be touched: the kernel would raise SIGBUS.
@safe public final class Mapping: Sendable {
    // The pointer is a `let`, the memory behind it is mapped for as long as this object lives, and
    // it is only ever read.
    nonisolated(unsafe) let base: UnsafeRawPointer
    public let length: Int

    /// Takes over a mapping made by mmap(2).
    @unsafe init(base: UnsafeRawPointer, length: Int) {
        unsafe self.base = base
        self.length = length
    }

    deinit {
        unsafe munmap(UnsafeMutableRawPointer(mutating: base), length)
    }
}
