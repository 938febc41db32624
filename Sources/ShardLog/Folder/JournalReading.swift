internal import Glibc
internal import System

/// A journal file with a good header.
struct JournalFile {
    var name: String
    var file: any File
    var bytes: UInt64
    var header: Journal.Header
}

/// Who reads the journal is told of its batches and of its faults, in order.
protocol JournalVisitor {
    /// A batch that counts.
    /// - Parameters:
    ///   - bytes: the file's.
    ///   - offset: where the batch begins in them.
    ///   - isNeeded: the segments may lack its records, which are whole.
    mutating func take(
        _ batch: Batch, _ bytes: Span<UInt8>, at offset: Int, in file: JournalFile, isNeeded: Bool
    ) throws(LogError)

    /// A fault; what is behind it is read unless this throws.
    mutating func meet(_ fault: JournalFault) throws(LogError)
}

/// The journal's files, and the walk through their batches.
///
/// It begins with the last file that follows what nobody needs any more and takes batches up to the
/// last that counts: that of which the next file says so, or in the last file the last whole one. A
/// batch that is damaged below what a later one proves to have been durable is a fault; damage above
/// the last proof is the torn end of a write that nobody was told of, and ends the walk.
struct JournalReading {
    /// Which records are verified. Heads always are.
    enum Check {
        /// Those that the segments may lack.
        case needed
        case all
    }

    /// Without a good header.
    struct Headless {
        var name: String
        var file: any File
        var bytes: UInt64
    }

    /// By sequence.
    private(set) var files: [JournalFile] = []
    private(set) var headless: [Headless] = []
    /// Files that the disk does not give, for a reader that goes on without them.
    private(set) var unreadable: [(name: String, SystemError)] = []
    /// Above the slots of all names.
    private(set) var nextName: UInt64 = 0
    /// The place in `files` of the first that is needed, once they have been read.
    private(set) var firstNeeded = 0
    private let check: Check

    var sequences: [UInt64] { files.map(\.header.sequence) }

    init(_ folder: LogFolder, check: Check) throws(LogError) {
        self.check = check
        let path = Folder.journal(folder.path)
        do throws(SystemError) {
            for name in try folder.files.list(path).sorted() {
                guard let slot = Journal.parse(name: name) else { continue }
                nextName = max(nextName, slot + 1)
                do throws(SystemError) {
                    try add(name, try folder.open(path + "/" + name))
                } catch {
                    if folder.isOwned { throw error }
                    // Of a server that runs it may have been taken away since.
                    if error.errno != ENOENT { unreadable.append((name, error)) }
                }
            }
        } catch {
            throw LogError(error, file: path)
        }
        files.sort { $0.header.sequence < $1.header.sequence }
    }

    private mutating func add(_ name: String, _ file: any File) throws(SystemError) {
        let bytes = try file.size()
        let page = try file.read(at: 0, count: Limits.pageBytes)
        if let header = Journal.Header(page.span) {
            files.append(JournalFile(name: name, file: file, bytes: bytes, header: header))
        } else {
            headless.append(Headless(name: name, file: file, bytes: bytes))
        }
    }

    /// Takes what counts into the contents, and tells the visitor.
    /// - Returns: for each of `files` the last batch in it that counts; nil if it is not needed.
    mutating func read(
        into contents: inout LogContents, _ visitor: inout some JournalVisitor
    ) throws(LogError) -> [UInt64?] {
        // A file has its length before it has a header.
        for file in files where file.bytes < file.header.fileBytes {
            try visitor.meet(JournalFault(kind: .short, file: file.name, offset: 0))
        }
        contents.segmentsThrough = try segmentsThrough(in: files.last)
        try findFirst(contents, &visitor)
        var lasts = [UInt64?](repeating: nil, count: files.count)
        for place in files.indices.dropFirst(firstNeeded) {
            let next = place + 1 < files.count ? files[place + 1].header.follows : nil
            let mapping = try map(files[place])
            let last = try walk(
                mapping.bytes(0..<mapping.length), files[place], upTo: next, &contents, &visitor)
            contents.lastNumber = max(contents.lastNumber, last)
            lasts[place] = last
        }
        for file in headless { try check(file, contents, &visitor) }
        contents.lastNumber = max(contents.lastNumber, contents.highestNumber)
        return lasts
    }

    /// The files before the last one that follows what nobody needs any more are not read.
    private mutating func findFirst(
        _ contents: LogContents, _ visitor: inout some JournalVisitor
    ) throws(LogError) {
        let unneeded = min(contents.snapshot?.batch ?? 0, contents.segmentsThrough)
        firstNeeded = files.lastIndex { $0.header.follows <= unneeded } ?? 0
        guard let oldest = files.first, oldest.header.follows > unneeded else { return }
        try visitor.meet(
            JournalFault(
                kind: .lacksBeginning(after: oldest.header.follows, needed: unneeded + 1),
                file: oldest.name, offset: 0))
    }

    /// What the newest heads say of the segments. It was true when they were written, whatever
    /// became of the batches.
    private func segmentsThrough(in newest: JournalFile?) throws(LogError) -> UInt64 {
        guard let newest else { return 0 }
        let mapping = try map(newest)
        let span = mapping.bytes(0..<mapping.length)
        var through = newest.header.segmentsThrough
        var last = newest.header.follows
        var offset = Limits.pageBytes
        while offset < span.count,
            let header = BatchHeader(span.extracting(offset..<span.count)),
            header.epoch == newest.header.epoch, header.number > last
        {
            through = max(through, header.segmentsThrough)
            last = header.number
            offset += roundedUp(header.totalBytes, to: Limits.pageBytes)
        }
        return through
    }

    /// A page that the disk does not give reads as zeros, and is met as damage.
    private func map(_ file: JournalFile) throws(LogError) -> Mapping {
        do throws(SystemError) {
            return try file.file.map(length: Int(file.bytes))
        } catch {
            throw LogError(error, file: file.name)
        }
    }

    /// Reads the batches of one file.
    /// - Parameter upTo: the last batch that counts, if a later file says which; nil for the last
    ///   file, whose end has to be found.
    /// - Returns: the last batch that counts.
    private func walk(
        _ span: Span<UInt8>, _ file: JournalFile, upTo: UInt64?, _ contents: inout LogContents,
        _ visitor: inout some JournalVisitor
    ) throws(LogError) -> UInt64 {
        var offset = Limits.pageBytes
        var last = file.header.follows
        var isAnnounced = false
        while upTo.map({ last < $0 }) ?? true, offset < span.count {
            if !isAnnounced, isReadWhole(span, at: offset, after: last, contents) {
                isAnnounced = true
                file.file.announceRead(at: UInt64(offset), count: span.count - offset)
            }
            let (found, problem) = batch(span, at: offset, file, after: last, contents)
            if let problem {
                let kind = proof(
                    span, at: offset, after: last, upTo: upTo, file, found, &contents)
                guard let kind else { break }
                try visitor.meet(
                    JournalFault(
                        kind: kind, file: file.name, offset: offset + problem.offset,
                        extents: found?.extents ?? []))
            }
            guard let found else {
                let resumed = resume(span, behind: offset, after: last, upTo: upTo, file)
                guard let resumed else { return upTo ?? last }
                (offset, last) = resumed
                continue
            }
            last = found.header.number
            contents.take(found)
            try visitor.take(
                found, span, at: offset, in: file,
                isNeeded: problem == nil && last > contents.segmentsThrough)
            offset += roundedUp(found.header.totalBytes, to: Limits.pageBytes)
            // Nothing of its epoch comes after the batch that says so.
            if found.header.flags & BatchHeader.closedFlag != 0 { break }
        }
        if let upTo, last < upTo {
            try visitor.meet(
                JournalFault(
                    kind: .missing(batch: last + 1, before: upTo), file: file.name, offset: offset))
            return upTo
        }
        return last
    }

    /// The batch that follows `last`, or what is wrong with it; both if its head is right and its
    /// records are not. One of an earlier use of the file is none: this use ended before it.
    private func batch(
        _ span: Span<UInt8>, at offset: Int, _ file: JournalFile, after last: UInt64,
        _ contents: LogContents
    ) -> (Batch?, Batch.Fault?) {
        let rest = span.extracting(offset..<span.count)
        let unchecked =
            switch check {
            case .needed: contents.segmentsThrough
            case .all: UInt64(0)
            }
        var problem: Batch.Fault?
        var found: Batch?
        do throws(Batch.Fault) {
            found = try Batch(rest, recordsDurableThrough: unchecked)
        } catch {
            problem = error
            if case .contents = error { found = try? Batch(rest, recordsDurableThrough: .max) }
        }
        guard let found else { return (nil, problem) }
        let number = found.header.number
        let isNext =
            found.header.epoch == file.header.epoch && number > last
            && (number == last + 1 || last == file.header.follows)
        return isNext ? (found, problem) : (nil, .head)
    }

    /// Whether the file is read to its end from here on: the records of batches that the segments
    /// may lack, and what lies behind the last batch of a log that was not closed. Before that, and
    /// in a log that was closed, only heads are looked at.
    private func isReadWhole(
        _ span: Span<UInt8>, at offset: Int, after last: UInt64, _ contents: LogContents
    ) -> Bool {
        guard let header = BatchHeader(span.extracting(offset..<span.count)) else { return true }
        if header.flags & BatchHeader.closedFlag != 0, header.number == last + 1 { return false }
        let lacksRecords = header.recordCount > 0 && header.number > contents.segmentsThrough
        return lacksRecords || header.number <= last
    }

    /// What says that the batch after `last`, which is not what was written, had been durable; nil
    /// if nothing does. Notes the numbers that were given out behind it.
    /// - Parameter found: the batch, if its head is right.
    private func proof(
        _ span: Span<UInt8>, at offset: Int, after last: UInt64, upTo: UInt64?,
        _ file: JournalFile, _ found: Batch?, _ contents: inout LogContents
    ) -> JournalFault.Kind? {
        if let number = found?.header.number, number <= contents.segmentsThrough {
            return .copy(batch: number)
        }
        if let upTo { return .damaged(batch: last + 1, before: upTo) }
        var search = offset
        while search < span.count {
            defer { search += Limits.pageBytes }
            guard let header = header(span, at: search, file, after: last) else { continue }
            contents.highestNumber = max(contents.highestNumber, header.number)
            contents.ceiling = max(contents.ceiling, header.ceilingMilliseconds)
            if header.durableThrough > last { return .proved(batch: last + 1, by: header.number) }
        }
        return nil
    }

    /// A batch's header that is of this use of the file.
    private func header(
        _ span: Span<UInt8>, at offset: Int, _ file: JournalFile, after last: UInt64
    ) -> BatchHeader? {
        let rest = span.extracting(offset..<span.count)
        guard rest.count >= 8, rest.load(0, as: UInt64.self) == BatchHeader.magic,
            let header = BatchHeader(rest), header.epoch == file.header.epoch,
            header.number > last
        else { return nil }
        return header
    }

    /// Where reading goes on behind a bad place, and the number before the one there.
    private func resume(
        _ span: Span<UInt8>, behind offset: Int, after last: UInt64, upTo: UInt64?,
        _ file: JournalFile
    ) -> (offset: Int, last: UInt64)? {
        for place in stride(from: offset + Limits.pageBytes, to: span.count, by: Limits.pageBytes) {
            guard let header = header(span, at: place, file, after: last),
                header.number <= upTo ?? .max
            else { continue }
            return (place, header.number - 1)
        }
        return nil
    }

    /// A file without a good header was never used, or its header was being written when the power
    /// went: then nothing in it counts. If something in it does, the header is damaged.
    private func check(
        _ file: Headless, _ contents: LogContents, _ visitor: inout some JournalVisitor
    ) throws(LogError) {
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try file.file.read(at: 0, count: Int(file.bytes))
        } catch {
            throw LogError(error, file: file.name)
        }
        let span = bytes.span
        for offset in stride(from: Limits.pageBytes, to: span.count, by: Limits.pageBytes) {
            let header = BatchHeader(span.extracting(offset..<span.count))
            guard let header, header.durableThrough > contents.lastNumber else { continue }
            return try visitor.meet(JournalFault(kind: .header, file: file.name, offset: 0))
        }
    }
}
