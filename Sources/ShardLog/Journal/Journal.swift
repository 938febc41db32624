internal import Glibc
internal import Synchronization
internal import System

/// The journal's files: which there are, which are in use, and which can be used again.
///
/// A file is a page of header and then batches. Its name is a slot that says nothing; the header's
/// sequence gives the order. A file that is no longer needed keeps its bytes until it is used
/// again, and always the one of the lowest sequence is used, so that what is on disk is the newest
/// part of the journal without a hole.
///
///     offset  size
///          0     8  magic, "WEIRJRN1"
///          8     4  format version
///         12     4  CRC-32C of the bytes 16..<64
///         16     8  epoch
///         24     8  sequence: above that of the file before
///         32     8  follows: the number of the last batch before this file. Batches above it in
///                   older files do not count.
///         40     8  segments through, as in the batch header
///         48     8  length of the file
///         56     8  0
///       4096        batches, each on a page
final class Journal: Sendable {
    struct Header: Equatable {
        static let magic: UInt64 = 0x314E_524A_5249_4557
        static let bytes = 64

        var epoch: UInt64
        var sequence: UInt64
        var follows: UInt64
        var segmentsThrough: UInt64
        var fileBytes: UInt64

        func encoded() -> [UInt8] {
            var writer = ByteWriter()
            writer.append(Self.magic)
            writer.append(Limits.formatVersion)
            writer.append(UInt32(0))
            writer.append(epoch)
            writer.append(sequence)
            writer.append(follows)
            writer.append(segmentsThrough)
            writer.append(fileBytes)
            writer.append(UInt64(0))
            writer.replace(crc32c(0, writer.bytes.span.extracting(16..<Self.bytes)), at: 12)
            writer.append(zeros: Limits.pageBytes - Self.bytes)
            return writer.bytes
        }

        init?(_ span: Span<UInt8>) {
            guard span.count >= Self.bytes, span.load(0, as: UInt64.self) == Self.magic,
                Limits.formats.contains(span.load(8, as: UInt32.self)),
                span.load(12, as: UInt32.self) == crc32c(0, span.extracting(16..<Self.bytes))
            else { return nil }
            epoch = span.load(16, as: UInt64.self)
            sequence = span.load(24, as: UInt64.self)
            follows = span.load(32, as: UInt64.self)
            segmentsThrough = span.load(40, as: UInt64.self)
            fileBytes = span.load(48, as: UInt64.self)
        }

        init(
            epoch: UInt64, sequence: UInt64, follows: UInt64, segmentsThrough: UInt64,
            fileBytes: UInt64
        ) {
            self.epoch = epoch
            self.sequence = sequence
            self.follows = follows
            self.segmentsThrough = segmentsThrough
            self.fileBytes = fileBytes
        }
    }

    struct Slot {
        enum Use: Equatable {
            /// Nothing in it is needed. The sequence it had, 0 if none.
            case free(sequence: UInt64)
            /// Full; needed until everything up to this batch is elsewhere.
            case used(sequence: UInt64, lastBatch: UInt64)
            /// Being written, after this batch.
            case current(sequence: UInt64, follows: UInt64)
        }

        var name: String
        var file: any File
        var bytes: UInt64
        var use: Use
        /// It has failed: it is removed when nothing in it is needed.
        var isSuspect = false
    }

    struct State {
        var slots: [Slot]
        var nextName: UInt64
        var nextSequence: UInt64
        /// The length of the next file. A node that writes little has small ones.
        var nextBytes: UInt64
        /// Files begun since the housekeeper last looked.
        var begun = 0
    }

    /// The file that the committer writes; the committer's own.
    struct Writer {
        var file: any File
        var name: String
        var bytes: UInt64
        /// Where the next batch goes.
        var offset: UInt64
        /// The batches below are durable.
        var syncedOffset = UInt64(Limits.pageBytes)
    }

    let folder: String
    let fileBytes: UInt64
    let files: any FileSystem
    let state: Mutex<State>

    init(folder: String, fileBytes: Int, files: any FileSystem, _ state: sending State) {
        self.folder = folder
        self.fileBytes = UInt64(fileBytes)
        self.files = files
        self.state = Mutex(state)
    }

    static func name(_ slot: UInt64) -> String {
        hexadecimal(slot) + ".journal"
    }

    static func parse(name: String) -> UInt64? {
        let parts = name.split(separator: ".")
        guard parts.count == 2, parts[1] == "journal", parts[0].utf8.count == 16 else {
            return nil
        }
        return UInt64(parts[0], radix: 16)
    }

    /// Begins the next file: one that is free if there is one, else a new one. The first file of a
    /// log that has none free is a short one, written through at once, so that the first commits
    /// after a start cost no more than later ones; the housekeeper makes the next meanwhile.
    ///
    /// The header is not synced here but with the first batch. The name of the file is durable.
    /// - Parameters:
    ///   - lastBatch: the last batch in the file that was current.
    ///   - room: bytes of batches that must fit.
    func advance(
        epoch: UInt64, lastBatch: UInt64, segmentsThrough: UInt64, room: UInt64
    ) throws(SystemError) -> Writer {
        let least = UInt64(Limits.pageBytes) + room
        let (next, isFirst) = state.withLock { ($0.nextBytes, !$0.hasCurrent) }
        let need = max(next, least)
        let free = takeFree(need: need)
        let name: String
        let file: any File
        let bytes: UInt64
        if let free {
            (name, file, bytes) = free
        } else {
            let wanted = isFirst ? max(min(next, Limits.journalStartBytes), least) : need
            (name, file, bytes) = try makeNext(
                bytes: wanted, least: least, isPrewritten: isFirst)
        }
        let sequence = state.withLock { state in
            defer { state.nextSequence += 1 }
            return state.nextSequence
        }
        let header = Header(
            epoch: epoch, sequence: sequence, follows: lastBatch,
            segmentsThrough: segmentsThrough, fileBytes: bytes)
        do throws(SystemError) {
            try file.write(header.encoded(), at: 0)
        } catch {
            // A file whose header may be half written is of no use to anybody.
            try? files.unlink(folder + "/" + name)
            throw error
        }
        state.withLock { state in
            for place in state.slots.indices {
                if case .current(let sequence, _) = state.slots[place].use {
                    state.slots[place].use = .used(sequence: sequence, lastBatch: lastBatch)
                    // One of full length was filled: the next is longer.
                    if state.slots[place].bytes >= state.nextBytes {
                        state.nextBytes = min(fileBytes, state.nextBytes * 2)
                    }
                }
            }
            state.slots.append(
                Slot(
                    name: name, file: file, bytes: bytes,
                    use: .current(sequence: sequence, follows: lastBatch)))
            state.begun += 1
        }
        return Writer(
            file: file, name: name, bytes: bytes, offset: UInt64(Limits.pageBytes))
    }

    /// A new file of this length. When the disk has not got so much: one that is free and long
    /// enough for what comes next, or a new one of half of what there is.
    private func makeNext(
        bytes wanted: UInt64, least: UInt64, isPrewritten: Bool
    ) throws(SystemError) -> (String, any File, UInt64) {
        var bytes = wanted
        while true {
            do throws(SystemError) {
                // A start is not refused for it: the log could never be opened again.
                guard isPrewritten || state.withLock({ $0.slots.count }) < Limits.journalFiles
                else {
                    throw SystemError(errno: ENOSPC, operation: "journal files, all in use")
                }
                let name = state.withLock { state in
                    defer { state.nextName += 1 }
                    return Self.name(state.nextName)
                }
                return (name, try make(name, bytes: bytes, isPrewritten: isPrewritten), bytes)
            } catch {
                guard error.isNoSpace else { throw error }
                if let free = takeFree(need: least) { return free }
                guard bytes > least else { throw error }
                let available = (try? files.availableBytes(folder)) ?? 0
                let page = UInt64(Limits.pageBytes)
                bytes = max(least, min(bytes / 2, available / 2) / page * page)
            }
        }
    }

    /// The file has failed.
    func distrust(_ name: String) {
        state.withLock { state in
            for place in state.slots.indices where state.slots[place].name == name {
                state.slots[place].isSuspect = true
            }
        }
    }

    /// Removes the current file, of which nobody knows what it holds: the next one says what counts.
    func abandon(_ name: String) {
        state.withLock { $0.slots.removeAll { $0.name == name } }
        // Left behind, it is found by a recovery as what it is, and its name is not used again.
        try? files.unlink(folder + "/" + name)
    }

    private func takeFree(need: UInt64) -> (String, any File, UInt64)? {
        state.withLock { state in
            // Only the lowest may be taken; if it is too short, a new file is made.
            guard let lowest = state.lowestFree, state.slots[lowest].bytes >= need else {
                return nil
            }
            let slot = state.slots.remove(at: lowest)
            return (slot.name, slot.file, slot.bytes)
        }
    }

    /// Makes a file of this length whose name is durable.
    private func make(
        _ name: String, bytes: UInt64, isPrewritten: Bool
    ) throws(SystemError) -> any File {
        let path = folder + "/" + name
        do throws(SystemError) {
            let file = try files.open(path, create: true)
            try file.reserve(length: bytes)
            if isPrewritten {
                let piece = [UInt8](repeating: 0, count: 1 << 20)
                var offset: UInt64 = 0
                while offset < bytes {
                    let count = Int(min(UInt64(piece.count), bytes - offset))
                    try file.write(
                        count == piece.count ? piece : [UInt8](piece[..<count]), at: offset)
                    offset += UInt64(count)
                }
            }
            try file.sync()
            try files.syncFolder(folder)
            return file
        } catch {
            // What is left of it would be taken for an unused file; the space is better free.
            try? files.unlink(path)
            throw error
        }
    }

    /// Sees to it that a free file is ready, written through once so that its blocks are its own.
    /// Free ones that have become too short make room for it.
    func prepare() throws(SystemError) {
        let (short, name, bytes) = state.withLock { state in
            var short: [String] = []
            var isReady = false
            while let lowest = state.lowestFree {
                isReady = state.slots[lowest].bytes >= state.nextBytes
                if isReady { break }
                short.append(state.slots.remove(at: lowest).name)
            }
            if isReady || state.slots.count >= Limits.journalFiles {
                return (short, String?.none, state.nextBytes)
            }
            defer { state.nextName += 1 }
            return (short, Self.name(state.nextName), state.nextBytes)
        }
        for name in short { try files.unlink(folder + "/" + name) }
        guard let name else { return }
        let file = try make(name, bytes: bytes, isPrewritten: true)
        state.withLock { state in
            state.slots.append(
                Slot(name: name, file: file, bytes: bytes, use: .free(sequence: 0)))
        }
    }

    /// Frees the full files whose batches are all elsewhere.
    func recycle(through batch: UInt64) {
        state.withLock { state in
            for place in state.slots.indices {
                if case .used(let sequence, let last) = state.slots[place].use, last <= batch {
                    state.slots[place].use = .free(sequence: sequence)
                }
            }
        }
    }

    /// The last batch of the newest full file, if there is a full file that is needed.
    var newestFull: UInt64? {
        state.withLock { state in
            var newest: UInt64?
            for slot in state.slots {
                if case .used(_, let last) = slot.use { newest = max(newest ?? 0, last) }
            }
            return newest
        }
    }

    /// Removes free files beyond those worth keeping, lowest sequence first: as many as were begun
    /// since the last call are needed until the next. One that is there has its blocks and its pages
    /// in memory; a new one has to be given both.
    func removeSurplus() throws(SystemError) {
        let worthKeeping = state.withLock { state in
            defer { state.begun = 0 }
            return max(Limits.spareJournalFiles, state.begun + 1)
        }
        while true {
            let suspect: String? = state.withLock { state in
                let place = state.slots.firstIndex {
                    if case .free = $0.use { $0.isSuspect } else { false }
                }
                return place.map { state.slots.remove(at: $0).name }
            }
            guard let suspect else { break }
            try files.unlink(folder + "/" + suspect)
        }
        while true {
            let name: String? = state.withLock { state in
                var free = 0
                for slot in state.slots { if case .free = slot.use { free += 1 } }
                guard free > worthKeeping, let lowest = state.lowestFree else { return nil }
                return state.slots.remove(at: lowest).name
            }
            guard let name else { return }
            try files.unlink(folder + "/" + name)
        }
    }

    /// Full files that are needed, or were when somebody last looked.
    var fullCount: Int {
        state.withLock { state in
            state.slots.count { if case .used = $0.use { true } else { false } }
        }
    }

    var bytesOnDisk: UInt64 {
        state.withLock { $0.slots.reduce(0) { $0 + $1.bytes } }
    }
}

extension Journal.State {
    /// A file is being written.
    fileprivate var hasCurrent: Bool {
        slots.contains { if case .current = $0.use { true } else { false } }
    }

    /// The place of the free file that had the lowest sequence.
    fileprivate var lowestFree: Int? {
        var best: (place: Int, sequence: UInt64)?
        for place in slots.indices {
            guard case .free(let sequence) = slots[place].use, !slots[place].isSuspect else {
                continue
            }
            if let known = best, known.sequence <= sequence { continue }
            best = (place, sequence)
        }
        return best?.place
    }
}
