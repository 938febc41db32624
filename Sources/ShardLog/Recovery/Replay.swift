internal import System
internal import Glibc
internal import Synchronization

/// Writes the journal's records into the segments again, and finds out which segments there are.
struct Replay {
    let configuration: ShardLog.Configuration
    let files: any FileSystem
    let segmentFiles: SegmentFiles
    let folder: String

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

    init(_ configuration: ShardLog.Configuration, _ segmentFiles: SegmentFiles) {
        self.configuration = configuration
        self.segmentFiles = segmentFiles
        headersAtOnce = min(256, configuration.openSegments)
        files = configuration.files
        folder = Folder.segments(configuration.folder)
    }

    /// Reads the headers of all segment files, a group at a time: the disk is told of all headers of
    /// a group before the first is waited for, so that a start with a cold cache does not take a
    /// seek's time for each segment.
    mutating func findSegments() throws(LogError) {
        do throws(SystemError) {
            let names = try files.list(folder)
            var first = 0
            var indices: [(shard: UInt64, base: UInt64)] = []
            while first < names.count {
                first += try readHeaders(
                    names[first..<min(first + headersAtOnce, names.count)], &indices)
            }
            for (shard, base) in indices { try expectIndex(shard: shard, base: base) }
        } catch {
            throw LogError(error, file: folder)
        }
        for shard in segments.keys { segments[shard]?.sort { $0.base < $1.base } }
    }

    /// Reads the headers of these files, or of as many as can be opened at a time; answers how many.
    private mutating func readHeaders(
        _ names: ArraySlice<String>, _ indices: inout [(shard: UInt64, base: UInt64)]
    ) throws(SystemError) -> Int {
        var opened: [(path: String, shard: UInt64, base: UInt64, file: any File)] = []
        var seen = 0
        for name in names {
            let path = folder + "/" + name
            if let index = Segment.parse(name: name, suffix: "index") {
                indices.append(index)
            } else if let (shard, base) = Segment.parse(name: name) {
                do throws(SystemError) {
                    let file = try files.open(path, create: false)
                    file.announceRead(at: 0, count: Segment.FoundHeader.bytes)
                    opened.append((path, shard, base, file))
                } catch {
                    // Those that are open are read first; the rest has room then.
                    guard error.isLackOfRoom, !opened.isEmpty else { throw error }
                    break
                }
            } else {
                try files.unlink(path)
            }
            seen += 1
        }
        for (path, shard, base, file) in opened {
            segments[shard, default: []].append(
                try segment(file, path, shard: shard, base: base))
        }
        return seen
    }

    /// Segment files that are open at a time while headers are read.
    private let headersAtOnce: Int

    private mutating func segment(
        _ file: any File, _ path: String, shard: UInt64, base: UInt64
    ) throws(SystemError) -> Segment {
        let size = try file.size()
        let bytes = try file.read(at: 0, count: Segment.FoundHeader.bytes)
        if let found = Segment.FoundHeader(bytes.span, shard: shard, base: base) {
            mend(found, in: file, path)
            return Segment(
                found.header, path: path, fileBytes: min(size, found.header.fullBytes),
                marksFrom: .max)
        }
        let full = max(UInt64(configuration.segmentBytes), size)
        let unknown = Segment.Header(
            shard: shard, base: base, fullBytes: full, ordinal: 0, firstIndex: 0,
            firstArrivalMilliseconds: 0)
        return Segment(
            unknown, path: path, fileBytes: size, marksFrom: .max,
            fault: "the segment's header is wrong")
    }

    /// Notes that a segment has an index file; one that belongs to no segment goes.
    private func expectIndex(shard: UInt64, base: UInt64) throws(SystemError) {
        if let segment = segments[shard]?.first(where: { $0.base == base }) {
            segment.state.withLock { $0.index.expectFile() }
        } else {
            try files.unlink(folder + "/" + IndexFile.name(shard: shard, base: base))
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
            throw LogError(error, file: folder)
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
        let path = folder + "/" + Segment.name(shard: shard, base: position)
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
            try files.syncFolder(folder)
        } catch {
            throw LogError(error, file: folder)
        }
        touched.removeAll()
    }

    /// The segments of a shard that exists, without those beyond its tail.
    /// - Parameter from: what is below has been let go, and was not unlinked yet.
    mutating func keep(
        shard: UInt64, from: UInt64, tail: UInt64
    ) throws(LogError) -> [Segment] {
        let all = segments.removeValue(forKey: shard) ?? []
        var kept: [Segment] = []
        for (place, segment) in all.enumerated() {
            let end = place + 1 < all.count ? min(all[place + 1].base, tail) : tail
            if segment.base >= tail {
                try remove(segment)
            } else if end <= from {
                try unlink(segment)
            } else {
                kept.append(segment)
            }
        }
        for place in kept.indices {
            let end = place + 1 < kept.count ? kept[place + 1].base : tail
            kept[place].state.withLock { $0.index.begin(at: end) }
            // What the committer has not reserved in this process it reserves before it writes;
            // a file is never taken for longer than it is.
        }
        return kept
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
