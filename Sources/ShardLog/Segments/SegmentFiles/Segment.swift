internal import Synchronization
internal import System

/// One file of a shard's log: a page with a `Header` twice, then records.
///
/// The committer writes it, readers look at it through one mapping as long as the full length.
final class Segment: Sendable {
    struct State {
        // What `SegmentFiles` keeps here, and alone sets; by its clock, when they were used.
        var mapping: Mapping?
        var mappingUsed: UInt64 = 0
        var file: (any File)?
        var fileUsed: UInt64 = 0
        /// The shard was deleted or the records have expired: it is not opened again.
        var isDropped = false

        var index: SparseIndex
    }

    let header: Header
    let path: String
    /// What is wrong with the header, if it could not be read; nothing here can be read then.
    let fault: String?
    /// The length of the file. Nothing beyond it may be touched.
    let fileBytes: Atomic<UInt64>
    /// Written since it was last synced.
    let isDirty = Atomic<Bool>(false)
    /// A sync of it has failed, and it has not been put into a new file yet.
    let hasFailed = Atomic<Bool>(false)
    /// Read since `SegmentFiles` last looked.
    let isUsed = Atomic<Bool>(true)
    /// The index file has what it should have; false if that has to be looked at.
    let isIndexKept = Atomic<Bool>(false)
    let state: Mutex<State>

    init(_ header: Header, path: String, fileBytes: UInt64, marksFrom: UInt64, fault: String? = nil)
    {
        self.header = header
        self.path = path
        self.fault = fault
        self.fileBytes = Atomic(fileBytes)
        state = Mutex(
            State(index: SparseIndex(base: header.base, lateFrom: marksFrom)))
    }

    var base: UInt64 { header.base }

    /// The position behind the last byte that the full file can hold.
    var capacityEnd: UInt64 { base + header.fullBytes - UInt64(Limits.pageBytes) }

    /// The position behind the last byte that the file has now.
    var fileEnd: UInt64 {
        let bytes = fileBytes.load(ordering: .acquiring)
        return base + bytes - min(bytes, UInt64(Limits.pageBytes))
    }

    /// Where a position lies in the file.
    func offset(_ position: UInt64) -> UInt64 {
        position - base + UInt64(Limits.pageBytes)
    }

    static func name(shard: UInt64, base: UInt64) -> String {
        hexadecimal(shard) + "-" + hexadecimal(base) + ".segment"
    }

    /// The shard and base that a file name carries.
    static func parse(
        name: String, suffix: String = "segment"
    ) -> (shard: UInt64, base: UInt64)? {
        let parts = name.split(separator: ".")
        guard parts.count == 2, parts[1] == suffix else { return nil }
        let numbers = parts[0].split(separator: "-")
        guard numbers.count == 2, numbers[0].utf8.count == 16, numbers[1].utf8.count == 16,
            let shard = UInt64(numbers[0], radix: 16), let base = UInt64(numbers[1], radix: 16)
        else { return nil }
        return (shard, base)
    }
}

extension Segment {
    /// The mapping if there is one: for a reactor, which does not wait for one to be made.
    var mapping: Mapping? {
        guard let mapping = state.withLock({ $0.mapping }) else { return nil }
        isUsed.store(true, ordering: .relaxed)
        return mapping
    }

    /// The file, opened if it is not; see `SegmentFiles`.
    func file(_ files: SegmentFiles) throws(SystemError) -> any File {
        try files.file(of: self)
    }

    /// The mapping, made if there is none; see `SegmentFiles`.
    func map(_ files: SegmentFiles) throws(SystemError) -> Mapping {
        try files.map(self)
    }

    var isDropped: Bool { state.withLock { $0.isDropped } }

    /// Gives the segment disk space up to `position`, doubling what it has; when the disk has not
    /// got so much, as much as it has, down to what is needed.
    func reserve(
        to position: UInt64, first: Int, _ files: SegmentFiles
    ) throws(SystemError) {
        let need = offset(position)
        let wanted = max(fileBytes.load(ordering: .relaxed), UInt64(first))
        var length = wanted
        while length < need { length *= 2 }
        length = max(min(length, header.fullBytes), need)
        let file = try file(files)
        while true {
            do throws(SystemError) {
                try file.reserve(length: length)
                break
            } catch {
                guard error.isNoSpace, length > need else { throw error }
                let less = (length - need) / 2
                length = less < UInt64(Limits.pageBytes) ? need : need + less
            }
        }
        fileBytes.store(length, ordering: .releasing)
    }
}
