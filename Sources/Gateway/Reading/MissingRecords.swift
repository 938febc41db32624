import Catalog
import Kinesis
import ShardLog

extension ShardState {
    /// Why a place of the log cannot be read, for the client: what is missing there and where to go
    /// on, or what is wrong.
    func problem(at position: Position, _ reason: String) -> String {
        guard let missing = log.missingRecords(at: position) else { return reason }
        return "\(describe(missing)) Go on AFTER_SEQUENCE_NUMBER "
            + "\(continuationNumber(missing.throughIndex))."
    }

    /// Which records are missing, in sequence numbers.
    func describe(_ missing: MissingRecords) -> String {
        let count = missing.count.map { "\($0) records are" } ?? "records are"
        let start =
            missing.afterIndex == 0
            ? "from the oldest" : "after \(continuationNumber(missing.afterIndex))"
        return "\(count) missing, \(start) up to \(continuationNumber(missing.throughIndex)), "
            + "because a file of the log is gone or cut."
    }
}

extension Node {
    /// What is missing of the log, a line each: stream, shard and sequence numbers.
    public var missingRecords: [String] {
        let all = log.missingRecords
        guard !all.isEmpty else { return [] }
        var lines: [String] = []
        catalog.snapshot.visitStreams { stream in
            for shard in stream.shards {
                for missing in all where missing.shard == shard.number {
                    lines.append("stream \(stream.name), \(shard.id): \(shard.describe(missing))")
                }
            }
            return true
        }
        return lines
    }
}
