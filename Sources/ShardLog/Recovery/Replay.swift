internal import Synchronization
internal import System

/// Writes the journal's records into the segments again, and finds out which segments there are.
struct Replay {
    let configuration: ShardLog.Configuration
    let files: any FileSystem
    let segmentFiles: SegmentFiles
    let folder: LogFolder
    private var path: String { Folder.segments(folder.path) }

    /// By shard, sorted by base.
    var segments: [UInt64: [Segment]] = [:]
    private var touched: [Segment] = []
    private var isFolderChanged = false

    /// Records of one shard that follow each other.
    private struct Pending {
        var position: UInt64
        var ordinal: UInt64
        var bytes: [UInt8]
    }

    /// The journal lacks something that was durable.
    var isShort = false
    /// Segments that were put aside.
    private(set) var asideCount = 0

    /// What the operator is to be told.
    private(set) var notes: [String] = []

    private var pending: [UInt64: Pending] = [:]
    private var pendingBytes = 0
    private static let flushBytes = 8 << 20

    init(
        _ configuration: ShardLog.Configuration, _ segmentFiles: SegmentFiles, _ folder: LogFolder
    ) {
        self.configuration = configuration
        self.segmentFiles = segmentFiles
        self.folder = folder
        files = configuration.files
    }

    /// Reads the headers of all segment files; mends them, and removes what is no file of the log.
    mutating func findSegments() throws(LogError) {
        do throws(SystemError) {
            var listing = try SegmentListing(folder, atOnce: min(256, configuration.openSegments))
            var indices: [(shard: UInt64, base: UInt64)] = []
            while true {
                let entries = try listing.next()
                if entries.isEmpty { break }
                for entry in entries {
                    switch entry {
                    case .segment(let found, let file):
                        if let header = found.found { mend(header, in: file, found.path) }
                        segments[found.shard, default: []].append(
                            found.segment(segmentBytes: configuration.segmentBytes))
                    case .index(let shard, let base): indices.append((shard, base))
                    case .foreign(let path): try files.unlink(path)
                    }
                }
            }
            for (shard, base) in indices { try expectIndex(shard: shard, base: base) }
        } catch {
            throw LogError(error, file: path)
        }
        for shard in segments.keys { segments[shard]?.sort { $0.base < $1.base } }
    }

    /// Notes that a segment has an index file; one that belongs to no segment goes.
    private func expectIndex(shard: UInt64, base: UInt64) throws(SystemError) {
        if let segment = segments[shard]?.first(where: { $0.base == base }) {
            segment.state.withLock { $0.index.expectFile() }
        } else {
            try files.unlink(path + "/" + IndexFile.name(shard: shard, base: base))
        }
    }

    /// Writes the copy of a header that is missing. Nothing depends on it but what a second fault
    /// would take, so that it is not waited for and may fail.
    private mutating func mend(_ found: Segment.FoundHeader, in file: any File, _ path: String) {
        guard let broken = found.broken else { return }
        try? file.write(found.header.encoded(), at: UInt64(broken))
        if found.isDamaged {
            notes.append("\(path): one copy of the header was damaged; the other is used")
        }
    }

    /// Takes the records of a batch. They are written when enough have come together.
    mutating func take(_ batch: Batch, _ span: Span<UInt8>, at offset: Int) throws(LogError) {
        for extent in batch.extents {
            let position = pending[extent.shard].map { $0.position + UInt64($0.bytes.count) }
            if position != extent.start {
                // Not what follows: a cut lay between, or the shard is new here.
                try flush(extent.shard)
                pending[extent.shard] = Pending(
                    position: extent.start, ordinal: extent.ordinal, bytes: [])
            }
        }
        var place = offset + batch.recordsOffset
        let end = offset + batch.header.totalBytes
        while place < end {
            let header = Record.Header(span.extracting(place..<end))
            let record = span.extracting(place..<place + header.length)
            append(record, to: header.shard)
            place += header.length
        }
        if pendingBytes >= Self.flushBytes { try flushAll() }
    }

    private mutating func append(_ record: Span<UInt8>, to shard: UInt64) {
        pending[shard]?.bytes.append(copying: record)
        pendingBytes += record.count
    }

    private mutating func flushAll() throws(LogError) {
        for shard in pending.keys.sorted() { try flush(shard) }
        pending.removeAll(keepingCapacity: true)
        pendingBytes = 0
    }

    private mutating func flush(_ shard: UInt64) throws(LogError) {
        guard let part = pending.removeValue(forKey: shard), !part.bytes.isEmpty else { return }
        do throws(SystemError) {
            try write(part, shard: shard)
        } catch {
            throw LogError(error, file: path)
        }
    }

    /// Writes records where they belong, each where the committer put it or would put it.
    private mutating func write(_ part: Pending, shard: UInt64) throws(SystemError) {
        let span = part.bytes.span
        var offset = 0
        var position = part.position
        var ordinal = part.ordinal
        while offset < span.count {
            let first = Record.Header(span.extracting(offset..<span.count))
            let segment = try segment(
                shard, position: position, ordinal: ordinal, first: first)
            let limit = self.limit(of: segment, shard: shard)
            var end = offset
            var next = position
            let due = segment.state.withLock { $0.index.replay(from: position) }
            var walk = MarkWalk(start: position, due: due, ordinal: ordinal)
            while end < span.count {
                let header = Record.Header(span.extracting(end..<span.count))
                if next + UInt64(header.length) > limit { break }
                walk.note(header, at: next)
                end += header.length
                next += UInt64(header.length)
                ordinal += 1
            }
            try segment.reserve(to: next, first: configuration.segmentFirstBytes, segmentFiles)
            try segment.file(segmentFiles).write(
                [UInt8](part.bytes[offset..<end]), at: segment.offset(position))
            let (marked, reached) = (walk, next)
            segment.state.withLock { $0.index.replayed(marked, to: reached) }
            if !segment.isDirty.exchange(true, ordering: .relaxed) { touched.append(segment) }
            offset = end
            position = next
        }
    }

    /// Where the segment's records end at the latest.
    private func limit(of segment: Segment, shard: UInt64) -> UInt64 {
        let next = segments[shard]?.first { $0.base > segment.base }
        return min(next?.base ?? .max, segment.capacityEnd)
    }

    /// The segment that the record at this position is in, or a new one.
    private mutating func segment(
        _ shard: UInt64, position: UInt64, ordinal: UInt64, first: Record.Header
    ) throws(SystemError) -> Segment {
        let known = segments[shard] ?? []
        if let place = known.lastIndex(where: { $0.base <= position }) {
            let candidate = known[place]
            let fits = position + UInt64(first.length) <= limit(of: candidate, shard: shard)
            if candidate.fault == nil, fits { return candidate }
            // A header that did not reach the disk is known again from the first record.
            if candidate.base == position {
                segments[shard]?.remove(at: place)
            } else if candidate.fault != nil, fits {
                return candidate
            }
        }
        let page = UInt64(Limits.pageBytes)
        let full = max(
            UInt64(configuration.segmentBytes),
            roundedUp(page + UInt64(first.length), to: page))
        let header = Segment.Header(
            shard: shard, base: position, fullBytes: full, ordinal: ordinal,
            firstIndex: first.index, firstArrivalMilliseconds: first.arrivalMilliseconds,
            previousBase: known.last { $0.base < position }?.base
                ?? (position == 0 ? 0 : Segment.Header.unknownBase),
            previousIndex: first.index - 1)
        let path = path + "/" + Segment.name(shard: shard, base: position)
        let made = Segment(header, path: path, fileBytes: 0, marksFrom: .max)
        // One whose header was wrong may have been of this name.
        if let wrong = known.first(where: { $0.base == position }) { segmentFiles.drop(wrong) }
        let file = try segmentFiles.create(made)
        try made.reserve(to: position, first: configuration.segmentFirstBytes, segmentFiles)
        try file.write(header.page(), at: 0)
        isFolderChanged = true
        var list = segments[shard] ?? []
        list.append(made)
        list.sort { $0.base < $1.base }
        segments[shard] = list
        return made
    }

    /// Writes what is left and makes all of it durable.
    mutating func finish() throws(LogError) {
        try flushAll()
        do throws(SystemError) {
            for segment in touched {
                try segment.file(segmentFiles).sync()
                segment.isDirty.store(false, ordering: .relaxed)
                segmentFiles.close(segment)
            }
            try files.syncFolder(path)
        } catch {
            throw LogError(error, file: path)
        }
        touched.removeAll()
    }

    /// The segments of a shard that exists, without those beyond its tail, which are removed.
    /// - Parameter from: what is below has been let go, and was not unlinked yet; nil if nobody
    ///   knows.
    mutating func keep(
        _ state: Snapshot.ShardState, from: UInt64?
    ) throws(LogError) -> ShardSegments {
        let all = segments.removeValue(forKey: state.description.number.rawValue) ?? []
        let sorted = ShardSegments(folder, all, state, from: from)
        for segment in sorted.beyond { try remove(segment) }
        for segment in sorted.expired { try unlink(segment) }
        for (place, segment) in sorted.kept.enumerated() {
            segment.state.withLock { $0.index.begin(at: sorted.end(of: place)) }
            // What the committer has not reserved in this process it reserves before it writes;
            // a file is never taken for longer than it is.
        }
        return sorted
    }

    /// Removes the segments of shards that do not exist.
    mutating func removeRest() throws(LogError) {
        for list in segments.values {
            for segment in list { try remove(segment) }
        }
        segments.removeAll()
    }

    /// Removes what nothing in the log speaks of; puts it aside if something of the log is missing.
    private mutating func remove(_ segment: Segment) throws(LogError) {
        guard isShort else { return try unlink(segment) }
        let aside = Folder.lost(configuration.folder)
        do throws(SystemError) {
            try files.makeFolder(aside)
            let name = segment.path.split(separator: "/").last ?? ""
            try files.rename(segment.path, to: aside + "/" + name)
            asideCount += 1
        } catch {
            throw LogError(error, file: segment.path)
        }
    }

    private func unlink(_ segment: Segment) throws(LogError) {
        segmentFiles.drop(segment)
        do throws(SystemError) {
            try files.unlink(IndexFile.path(of: segment.path))
            try files.unlink(segment.path)
        } catch {
            throw LogError(error, file: segment.path)
        }
    }
}

extension Replay: JournalVisitor {
    mutating func take(
        _ batch: Batch, _ bytes: Span<UInt8>, at offset: Int, in file: JournalFile, isNeeded: Bool
    ) throws(LogError) {
        if isNeeded { try take(batch, bytes, at: offset) }
    }

    /// Damage to what was durable is loss, and refused.
    mutating func meet(_ fault: JournalFault) throws(LogError) {
        throw LogError(
            .damaged(fault.text), file: Folder.journal(folder.path) + "/" + fault.file,
            offset: UInt64(fault.offset))
    }
}
