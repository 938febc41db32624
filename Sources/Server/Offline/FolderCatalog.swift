import Catalog
import Kinesis
import ShardLog

/// The streams and shards of a data folder, and the names that they give to what the log knows by
/// numbers.
struct FolderCatalog {
    let snapshot: CatalogSnapshot?
    /// Where catalog and log do not agree.
    private(set) var problems: [LogFinding] = []
    private let created: [ShardNumber: Int64]

    init(_ inspection: LogInspection) {
        created = Dictionary(
            uniqueKeysWithValues: inspection.shards.map {
                ($0.description.number, $0.description.createdMilliseconds)
            })
        do throws(CatalogError) {
            snapshot = try CatalogSnapshot(
                restoring: inspection.controlSnapshot, entries: inspection.controlEntries)
        } catch {
            snapshot = nil
            add("streams and shards cannot be read from snapshot and journal: \(error)", nil)
        }
        if let snapshot { compare(snapshot, inspection) }
    }

    private mutating func add(_ what: String, _ shard: ShardNumber?) {
        problems.append(
            LogFinding(
                file: "snapshot", what: what,
                records: shard.map { [LogFinding.Records(shard: $0, afterIndex: 0)] } ?? [],
                consequence: .noStart))
    }

    private mutating func compare(_ snapshot: CatalogSnapshot, _ inspection: LogInspection) {
        var known: [ShardNumber: ShardDescription] = [:]
        for shard in inspection.shards { known[shard.description.number] = shard.description }
        for shard in snapshot.shardDescriptions {
            let found = known.removeValue(forKey: shard.number)
            guard let found else {
                add("the catalog has a shard that the log does not have", shard.number)
                continue
            }
            if found != shard {
                add(
                    "catalog and log do not agree whether a shard is closed, or since when it is "
                        + "there", shard.number)
            }
        }
        for number in known.keys.sorted() {
            add("the log has a shard that the catalog does not have", number)
        }
    }

    /// A finding with the names that clients know.
    func rendered(_ finding: LogFinding) -> FolderFinding {
        FolderFinding(
            isDamage: finding.weight == .damage, file: finding.file, offset: finding.offset,
            what: finding.what, records: finding.records.map { rendered($0) },
            consequence: text(finding.consequence, finding.records.first?.shard))
    }

    private func rendered(_ records: LogFinding.Records) -> FolderFinding.Records {
        let place = snapshot?.shard(records.shard)
        return FolderFinding.Records(
            stream: place?.stream.name, account: place?.stream.account,
            region: place?.stream.region, shard: place.map { "\($0.shard.id)" },
            number: "\(records.shard)",
            after: records.afterIndex == 0 ? nil : number(records.afterIndex, of: records.shard),
            through: records.throughIndex.map { number($0, of: records.shard) },
            count: records.count)
    }

    /// The sequence number at an index; the index itself in a shard that no stream has.
    func number(_ index: UInt64, arrivalMilliseconds: Int64? = nil, of number: ShardNumber)
        -> String
    {
        guard let shard = snapshot?.shard(number)?.shard, index <= SequenceNumber.greatestIndex
        else { return "index \(index)" }
        let told = (created[number] ?? 0) + Int64(index >> 20)
        let second = UInt64(max(0, arrivalMilliseconds ?? told)) / 1000
        return SequenceNumber(
            shardCreatedSecond: shard.createdSecond, shardIndex: shard.id.index, index: index,
            second: min(second, SequenceNumber.greatestSecond)
        ).description
    }

    private func text(_ consequence: LogFinding.Consequence, _ shard: ShardNumber?) -> String {
        switch consequence {
        case .none(let why): "Nothing is lost: \(why)."
        case .noStart:
            "The server does not start with the folder as it is. Keep a copy of it; what the "
                + "segments have can still be read from them."
        case .unreadable(let mark?):
            "A read that comes to it is an error. AFTER_SEQUENCE_NUMBER "
                + (shard.map {
                    number(mark.index, arrivalMilliseconds: mark.arrivalMilliseconds, of: $0)
                } ?? "\(mark.index)")
                + " and all that is later can be read, and so can all that is before it."
        case .unreadable(nil):
            "A read that comes to it is an error. All that is before it can be read, and records "
                + "that are put from now on at LATEST."
        case .missing: "A read that comes to it is an error once, and then goes on behind it."
        case .other(let text): text
        }
    }
}
