internal import System
internal import Glibc

extension Recovery {
    mutating func readJournal() throws(LogError) {
        var found: [Found] = []
        var headless: [(name: String, file: any File, bytes: UInt64)] = []
        do throws(SystemError) {
            for name in try files.list(Folder.journal(root)).sorted() {
                guard let slot = Journal.parse(name: name) else { continue }
                nextName = max(nextName, slot + 1)
                let file = try files.open(Folder.journal(root) + "/" + name, create: false)
                let bytes = try file.size()
                let page = try file.read(at: 0, count: Limits.pageBytes)
                if let header = Journal.Header(page.span) {
                    // A file has its length before it has a header.
                    if bytes < header.fileBytes {
                        throw SystemError(errno: EBADMSG, operation: name)
                    }
                    found.append(Found(name: name, file: file, bytes: bytes, header: header))
                } else {
                    headless.append((name, file, bytes))
                }
            }
        } catch {
            if error.errno == EBADMSG {
                throw LogError(
                    .damaged("the journal file is shorter than it was made"),
                    file: Folder.journal(root) + "/" + error.operation, offset: 0)
            }
            throw LogError(error, file: Folder.journal(root))
        }
        found.sort { $0.header.sequence < $1.header.sequence }
        highestSequence = found.last?.header.sequence ?? 0
        try readFiles(found)
        for file in headless { try checkHeadless(file.name, file.file, file.bytes) }
        lastNumber = max(lastNumber, highestNumber)
        try compareWithLedger(found.map(\.header.sequence))
    }

    private mutating func readFiles(_ found: [Found]) throws(LogError) {
        let covered = snapshot?.batch ?? 0
        let synced = try segmentsThrough(in: found.last)
        let unneeded = min(covered, synced)
        segmentsThrough = synced
        // The files before the last one that follows what nobody needs any more.
        let first = found.lastIndex { $0.header.follows <= unneeded } ?? 0
        if let oldest = found.first, oldest.header.follows > unneeded {
            throw LogError(
                .damaged(
                    "the journal begins after batch \(oldest.header.follows), and batch "
                        + "\(unneeded + 1) is needed"),
                file: Folder.journal(root) + "/" + oldest.name, offset: 0)
        }
        for place in found.indices {
            let follows = found[place].header.follows
            if place < first {
                slots.append(slot(found[place], .free(sequence: found[place].header.sequence)))
                continue
            }
            let next = place + 1 < found.count ? found[place + 1].header.follows : nil
            let last = try readFile(found[place], follows: follows, upTo: next)
            lastNumber = max(lastNumber, last)
            slots.append(
                slot(
                    found[place],
                    .used(sequence: found[place].header.sequence, lastBatch: last)))
        }
    }

    /// What the newest heads say of the segments. It was true when they were written, whatever
    /// became of the batches.
    private mutating func segmentsThrough(in newest: Found?) throws(LogError) -> UInt64 {
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
    private func map(_ found: Found) throws(LogError) -> Mapping {
        do throws(SystemError) {
            return try found.file.map(length: Int(found.bytes))
        } catch {
            throw LogError(error, file: Folder.journal(root) + "/" + found.name)
        }
    }

    private var firstBytes: UInt64 {
        min(Limits.journalFirstBytes, UInt64(configuration.journalFileBytes))
    }

    /// As long as the longest there is: a node that was busy starts as such.
    var nextBytes: UInt64 {
        let longest = slots.map(\.bytes).max() ?? 0
        return min(max(firstBytes, longest), UInt64(configuration.journalFileBytes))
    }

    private func slot(_ found: Found, _ use: Journal.Slot.Use) -> Journal.Slot {
        Journal.Slot(name: found.name, file: found.file, bytes: found.bytes, use: use)
    }

    /// Reads the batches of one file, up to the last that counts, and takes them in.
    /// - Parameter upTo: the last batch that counts, if a later file says which; nil for the last
    ///   file, whose end has to be found.
    private mutating func readFile(
        _ found: Found, follows: UInt64, upTo: UInt64?
    ) throws(LogError) -> UInt64 {
        let path = Folder.journal(root) + "/" + found.name
        let mapping = try map(found)
        return try walk(
            mapping.bytes(0..<mapping.length), found, follows: follows, upTo: upTo, path: path)
    }

    private mutating func walk(
        _ span: Span<UInt8>, _ found: Found, follows: UInt64, upTo: UInt64?, path: String
    ) throws(LogError) -> UInt64 {
        var offset = Limits.pageBytes
        var last = follows
        var isAnnounced = false
        while upTo.map({ last < $0 }) ?? true, offset < span.count {
            if !isAnnounced, isReadWhole(span, at: offset, after: last) {
                isAnnounced = true
                found.file.announceRead(at: UInt64(offset), count: span.count - offset)
            }
            let batch: Batch
            do throws(Batch.Fault) {
                batch = try Batch(
                    span.extracting(offset..<span.count),
                    recordsDurableThrough: segmentsThrough)
            } catch {
                try refuseIfProved(
                    span, at: offset, fault: error, follows: last, upTo: upTo, path: path,
                    epoch: found.header.epoch)
                break
            }
            // A batch of an earlier use of the file: this use ended before it.
            let isNext =
                batch.header.epoch == found.header.epoch && batch.header.number > last
                && (batch.header.number == last + 1 || last == follows)
            guard isNext else {
                try refuseIfProved(
                    span, at: offset, fault: .head, follows: last, upTo: upTo, path: path,
                    epoch: found.header.epoch)
                break
            }
            last = batch.header.number
            try takeIn(batch, span, at: offset)
            offset += roundedUp(batch.header.totalBytes, to: Limits.pageBytes)
            // Nothing of its epoch comes after the batch that says so.
            if batch.header.flags & BatchHeader.closedFlag != 0 { break }
        }
        if let upTo, last < upTo {
            throw LogError(
                .damaged("batch \(last + 1) is missing, and batch \(upTo) was durable"),
                file: path, offset: UInt64(offset))
        }
        return last
    }

    /// Whether the file is read to its end from here on: the records of batches that the segments
    /// may lack, and what lies behind the last batch of a log that was not closed. Before that, and
    /// in a log that was closed, only heads are looked at.
    private func isReadWhole(_ span: Span<UInt8>, at offset: Int, after last: UInt64) -> Bool {
        guard let header = BatchHeader(span.extracting(offset..<span.count)) else { return true }
        if header.flags & BatchHeader.closedFlag != 0, header.number == last + 1 { return false }
        let lacksRecords = header.recordCount > 0 && header.number > segmentsThrough
        return lacksRecords || header.number <= last
    }

    /// Looks for a batch behind the bad place that proves it to have been durable.
    private mutating func refuseIfProved(
        _ span: Span<UInt8>, at offset: Int, fault: Batch.Fault, follows last: UInt64,
        upTo: UInt64?, path: String, epoch: UInt64
    ) throws(LogError) {
        let place: Int
        if case .contents(let inside) = fault { place = offset + inside } else { place = offset }
        if let upTo, last < upTo {
            throw LogError(
                .damaged("batch \(last + 1) is not what was written, and \(upTo) was durable"),
                file: path, offset: UInt64(place))
        }
        var search = offset
        while search < span.count {
            defer { search += Limits.pageBytes }
            let rest = span.extracting(search..<span.count)
            guard rest.count >= 8, rest.load(0, as: UInt64.self) == BatchHeader.magic,
                let header = BatchHeader(rest), header.epoch == epoch, header.number > last
            else { continue }
            highestNumber = max(highestNumber, header.number)
            ceiling = max(ceiling, header.ceilingMilliseconds)
            if header.durableThrough > last {
                throw LogError(
                    .damaged(
                        "batch \(last + 1) is not what was written, and batch "
                            + "\(header.number) proves that it was durable"),
                    file: path, offset: UInt64(place))
            }
        }
    }

    /// A file without a good header was never used, or its header was being written when the power
    /// went: then nothing in it counts. If something in it does, the header is damaged.
    private mutating func checkHeadless(
        _ name: String, _ file: any File, _ size: UInt64
    ) throws(LogError) {
        let path = Folder.journal(root) + "/" + name
        do throws(SystemError) {
            let bytes = try file.read(at: 0, count: Int(size))
            let span = bytes.span
            var offset = Limits.pageBytes
            while offset < span.count {
                let rest = span.extracting(offset..<span.count)
                if let header = BatchHeader(rest), header.durableThrough > lastNumber {
                    throw SystemError(errno: EBADMSG, operation: "header")
                }
                offset += Limits.pageBytes
            }
            if size < firstBytes {
                // Its making was cut short.
                try files.unlink(path)
            } else {
                slots.append(
                    Journal.Slot(name: name, file: file, bytes: size, use: .free(sequence: 0)))
            }
        } catch {
            if error.errno == EBADMSG {
                throw LogError(
                    .damaged("the header of a journal file that is needed is wrong"), file: path,
                    offset: 0)
            }
            throw LogError(error, file: path)
        }
    }

    /// Applies one valid batch.
    private mutating func takeIn(
        _ batch: Batch, _ span: Span<UInt8>, at offset: Int
    ) throws(LogError) {
        let header = batch.header
        highestNumber = max(highestNumber, header.number)
        // The last batch of a log that was closed says what was needed, which may be less than
        // what had been laid by.
        if header.flags & BatchHeader.closedFlag != 0 {
            ceiling = header.ceilingMilliseconds
        } else {
            ceiling = max(ceiling, header.ceilingMilliseconds)
        }
        segmentsThrough = max(segmentsThrough, header.segmentsThrough)
        for control in batch.controls {
            for shard in control.opens where states[shard.number.rawValue] == nil {
                states[shard.number.rawValue] = Snapshot.ShardState(description: shard)
            }
            if header.number > snapshot?.batch ?? 0 { payloads.append(control.payload) }
        }
        for extent in batch.extents {
            let number = ShardNumber(rawValue: extent.shard)
            var state =
                states[extent.shard]
                ?? Snapshot.ShardState(
                    description: ShardDescription(number: number, createdMilliseconds: 0))
            let end = extent.start + extent.byteCount
            if end > state.tail {
                state.tail = end
                state.records = extent.ordinal + UInt64(extent.recordCount)
            }
            state.lastIndex = max(state.lastIndex, extent.lastIndex)
            state.lastArrivalMilliseconds = max(
                state.lastArrivalMilliseconds, extent.lastArrivalMilliseconds)
            states[extent.shard] = state
        }
        if header.number > segmentsThrough {
            try replay.take(batch, span, at: offset)
        }
    }
}
