internal import System

extension Recovery {
    /// Reads the journal, which is replayed into the segments, and finds a use for each of its files.
    mutating func readJournal() throws(LogError) {
        var journal = try JournalReading(folder, check: .needed)
        nextName = journal.nextName
        highestSequence = journal.sequences.max() ?? 0
        let lasts = try journal.read(into: &contents, &replay)
        for (file, last) in zip(journal.files, lasts) {
            let sequence = file.header.sequence
            let use =
                last.map { Journal.Slot.Use.used(sequence: sequence, lastBatch: $0) }
                ?? .free(sequence: sequence)
            slots.append(
                Journal.Slot(name: file.name, file: file.file, bytes: file.bytes, use: use))
        }
        for file in journal.headless { try keep(file) }
        try compareWithLedger(journal.sequences)
    }

    /// A file in which nothing counts can be used, unless its making was cut short.
    private mutating func keep(_ file: JournalReading.Headless) throws(LogError) {
        if file.bytes >= firstBytes {
            return slots.append(
                Journal.Slot(
                    name: file.name, file: file.file, bytes: file.bytes, use: .free(sequence: 0)))
        }
        let path = Folder.journal(root) + "/" + file.name
        do throws(SystemError) {
            try files.unlink(path)
        } catch {
            throw LogError(error, file: path)
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
}
