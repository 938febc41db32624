import Catalog
import Kinesis
import ShardLog

/// What is in a data folder.
public struct FolderInspection: Sendable {
    let log: LogInspection
    let catalog: FolderCatalog
    public let findings: [FolderFinding]

    /// For people, a line each.
    /// - Parameter listsBatches: whether every batch of the journal gets a line.
    public func text(listsBatches: Bool = false) -> [String] {
        FolderText.notice(log.isInUse) + heading + journal(listsBatches) + streams + unnamed
            + findings.flatMap(\.lines)
    }

    private var heading: [String] {
        let format = log.format.map { "log format \($0)" } ?? "no format told"
        let snapshot = log.snapshotBatch.map { "as of batch \($0)" } ?? "none"
        return [
            "\(log.folder): \(format), \(isClosed ? "closed cleanly" : "not closed")",
            "snapshot: \(snapshot)",
            "last batch: \(log.lastBatch); the segments have the records up to batch "
                + "\(log.segmentsThrough)",
        ]
    }

    /// Whether the last batch says that the log was closed.
    var isClosed: Bool { log.journal.last { !$0.isFree }?.isClosed ?? false }

    private func journal(_ listsBatches: Bool) -> [String] {
        var lines = ["journal: \(log.journal.count + log.emptyJournalFiles.count) files"]
        for file in log.journal {
            lines.append("  \(file.name), \(FolderText.bytes(file.bytes)): \(Self.summary(file))")
            guard listsBatches else { continue }
            for batch in file.batches {
                lines.append(
                    "    batch \(batch.number) at byte \(batch.offset): \(batch.bytes) bytes, "
                        + "\(batch.records) records of \(batch.shards) shards, "
                        + "\(batch.controlEntries) control entries"
                        + (batch.isNeeded ? ", needed" : ""))
            }
        }
        return lines + log.emptyJournalFiles.map { "  \($0): never begun" }
    }

    private static func summary(_ file: LogInspection.JournalFile) -> String {
        let sequence = "sequence \(file.sequence), epoch \(hexadecimal(file.epoch))"
        if file.isFree { return "\(sequence), free" }
        guard let first = file.batches.first, let last = file.batches.last else {
            return "\(sequence), no batch behind \(file.follows)"
        }
        let records = file.batches.reduce(0) { $0 + $1.records }
        let entries = file.batches.reduce(0) { $0 + $1.controlEntries }
        return "\(sequence), batches \(first.number) to \(last.number), \(records) records, "
            + "\(entries) control entries" + (file.isClosed ? ", closed" : "")
    }

    static func hexadecimal(_ number: UInt64) -> String { String(number, radix: 16) }

    private var streams: [String] {
        guard let snapshot = catalog.snapshot else { return [] }
        var lines = ["streams: \(snapshot.streamCount)"]
        let shards = byNumber
        snapshot.visitStreams { stream in
            lines.append(
                "  \(stream.name) (account \(stream.account), \(stream.region)): "
                    + "\(stream.status.rawValue), \(stream.openShardCount) open of "
                    + "\(stream.shards.count) shards")
            for shard in stream.shards {
                guard let found = shards[shard.number] else { continue }
                lines += self.lines("\(shard.id)", found)
            }
            return true
        }
        return lines
    }

    /// Shards that no stream has, and segments that no shard has.
    private var unnamed: [String] {
        let named = Set(catalog.snapshot?.shardDescriptions.map(\.number) ?? [])
        return log.shards.filter { !named.contains($0.description.number) }
            .flatMap { lines("shard \($0.description.number)", $0) }
            + log.strays.map { "  \($0): of no shard; the next start removes it" }
    }

    var byNumber: [ShardNumber: LogInspection.Shard] {
        Dictionary(uniqueKeysWithValues: log.shards.map { ($0.description.number, $0) })
    }

    private func lines(_ name: String, _ shard: LogInspection.Shard) -> [String] {
        let state = shard.description.isClosed ? "closed" : "open"
        let kept = shard.keptRecords.map { "\($0) records kept" } ?? "records kept"
        let journal = shard.journalFrom == nil ? "" : ", the last of them in the journal"
        var lines = [
            "    \(name), \(state): \(kept) of \(shard.records) in \(shard.segments.count) segments"
                + journal
        ]
        for segment in shard.segments {
            let records = segment.records.map { "\($0) records" } ?? "records of unknown count"
            let first = segment.firstIndex.map { number($0, shard, segment) } ?? "?"
            let last = segment.lastIndex.map { number($0, shard, nil) } ?? "?"
            lines.append(
                "      \(segment.name): \(records), \(FolderText.bytes(segment.recordBytes)), "
                    + "\(first) to \(last)")
        }
        return lines
    }

    func number(
        _ index: UInt64, _ shard: LogInspection.Shard, _ segment: LogInspection.Segment?
    ) -> String {
        catalog.number(
            index, arrivalMilliseconds: segment?.firstArrivalMilliseconds,
            of: shard.description.number)
    }
}
