internal import CLinux
internal import Glibc
internal import Metrics
internal import Synchronization
public import System

/// Bytes of a file in memory, for reading; unmapped when the last reference goes.
///
/// Bytes past the end of the file are not touched: the segment that owns the mapping knows where
/// its file ends. Should a page be missing all the same, because the disk failed or somebody cut
/// the file, it reads as zeros, and the record's checksum says so.
@safe public final class Mapping: Sendable {
    // A constant address, mapped for as long as this object lives. The memory is only read here;
    // what the committer appends through the file is not looked at before it is published.
    nonisolated(unsafe) private let base: UnsafeRawPointer
    public let length: Int
    private let guardHandle: Int32
    /// Where the mapping is counted for as long as it lives.
    private let counters = Mutex<SegmentFileCounters?>(nil)

    /// Maps `length` bytes of the file from its start.
    public init(descriptor: Int32, length: Int) throws(SystemError) {
        let made = unsafe mmap(nil, length, PROT_READ, MAP_SHARED, descriptor, 0)
        guard let made = unsafe made, unsafe made != MAP_FAILED else {
            throw SystemError(errno: errno, operation: "mmap")
        }
        unsafe base = UnsafeRawPointer(made)
        self.length = length
        unsafe guardHandle = weir_guard_mapping(made, length)
    }

    deinit {
        counters.withLock { $0 }?.mapped.subtract()
        weir_unguard_mapping(guardHandle)
        unsafe munmap(UnsafeMutableRawPointer(mutating: base), length)
    }

    func count(in counters: SegmentFileCounters) {
        counters.mapped.add()
        self.counters.withLock { $0 = counters }
    }

    /// The bytes in `range`, which the caller knows to be inside the file.
    @_lifetime(borrow self)
    func bytes(_ range: Range<Int>) -> Span<UInt8> {
        precondition(range.lowerBound >= 0 && range.upperBound <= length)
        let start = unsafe (base + range.lowerBound).assumingMemoryBound(to: UInt8.self)
        let span = unsafe Span(_unsafeStart: start, count: range.count)
        // The memory is mapped until `deinit`, and the borrow keeps this object alive.
        return unsafe _overrideLifetime(span, borrowing: self)
    }

    /// Reads the range from the disk into memory, so that touching it does not wait or fault.
    func populate(_ range: Range<Int>) throws(SystemError) {
        let first = range.lowerBound & ~(Limits.pageBytes - 1)
        let end = min(roundedUp(range.upperBound, to: Limits.pageBytes), length)
        guard first < end else { return }
        let start = unsafe UnsafeMutableRawPointer(mutating: base + first)
        while unsafe madvise(start, end - first, WEIR_MADV_POPULATE_READ) != 0 {
            if errno == EINTR { continue }
            throw SystemError(errno: errno, operation: "madvise")
        }
    }
}
