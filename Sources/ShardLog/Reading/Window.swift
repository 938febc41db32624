internal import Glibc
internal import Synchronization
internal import System

/// Why a reader could not go on.
enum ReadProblem: Error {
    /// The next byte may not be in memory, and the reader must not wait for it.
    case cold
    case damaged(String)
}

/// The bytes of one segment that a reader may touch.
///
/// It belongs to one read and is all that the read depends on: a reader that may wait brings in
/// what it needs next and goes on at once, with the mapping in its own hands. Nothing that others
/// do, and no bound on what is remembered, can take that away again; should the kernel give up the
/// pages meanwhile, the thread that may wait waits for them a second time. So every step comes
/// further or fails. A reader that must not wait gets what was written a short time ago and no
/// more.
struct Window {
    let segment: Segment
    let mapping: Mapping
    /// The position behind the last byte that may be touched.
    private(set) var end: UInt64
    /// What is brought in at once; more as it turns out that the reader goes on.
    private var step = Limits.firstReadBytes

    /// - Parameters:
    ///   - place: a position in the segment, below `limit`.
    ///   - limit: where the segment's records end, or its file.
    init(
        _ shard: Shard, _ segment: Segment, from place: UInt64, limit: UInt64, mayWait: Bool
    ) throws(ReadProblem) {
        self.segment = segment
        let isResident = place >= shard.residentMark
        if let mapping = segment.state.withLock({ $0.mapping }), isResident {
            self.mapping = mapping
            end = limit
        } else {
            guard mayWait else { throw .cold }
            do throws(SystemError) {
                mapping = try segment.map(shard.files)
            } catch {
                throw ReadProblem(error)
            }
            end = isResident ? limit : place
        }
        segment.isUsed.store(true, ordering: .relaxed)
    }

    /// Goes on to `need` at least, which is above the end and at most `limit`. Waits for the disk.
    mutating func extend(
        _ shard: Shard, to need: UInt64, limit: UInt64
    ) throws(ReadProblem) {
        let wanted = min(max(need, end + step), limit)
        step = min(step * 2, Limits.mostReadBytes)
        let mark = shard.residentMark
        // What is behind the mark is in memory as it is.
        let reached = wanted >= mark ? limit : wanted
        try bringIn(end..<max(end, min(wanted, mark)), shard)
        end = reached
    }

    private func bringIn(_ range: Range<UInt64>, _ shard: Shard) throws(ReadProblem) {
        if range.isEmpty { return }
        let lower = Int(segment.offset(range.lowerBound))
        let upper = Int(segment.offset(range.upperBound))
        shard.coldBytes.add(UInt64(upper - lower), ordering: .relaxed)
        do throws(SystemError) {
            do throws(SystemError) {
                try mapping.populate(lower..<upper)
            } catch  where error.errno == EINVAL {
                // A kernel that cannot populate: reading through the file fills the page cache.
                _ = try segment.file(shard.files).read(at: UInt64(lower), count: upper - lower)
            }
        } catch {
            throw ReadProblem(error)
        }
    }
}

extension ReadProblem {
    init(_ failure: SystemError) {
        self = .damaged("\(failure.operation): \(SystemError.text(failure.errno))")
    }
}

extension Shard {
    /// From here to the tail, bytes were written so lately that they are in memory.
    var residentMark: UInt64 {
        let tail = self.tail.offset
        return max(residentFrom, tail - min(tail, residentBytes))
    }
}
