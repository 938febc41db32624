internal import Synchronization

extension FolderSurvey {
    /// The survey for people, with what the segments' headers show to be missing.
    func inspection() -> LogInspection {
        var findings = findings
        var inspected: [LogInspection.Shard] = []
        for state in shards {
            let sorted = sorted(state)
            do throws(LogError) {
                let missing = try sorted.missing()
                findings += missing.map { Self.finding($0) }
                inspected.append(shard(state, sorted, missing))
            } catch {
                findings.append(
                    LogFinding(
                        file: "segments", what: "\(error)",
                        consequence: .unreadable(resumesAfter: nil)))
                inspected.append(shard(state, sorted, []))
            }
        }
        return LogInspection(
            folder: folder.path, isInUse: isInUse, format: format,
            snapshotBatch: contents.snapshot?.batch, lastBatch: contents.lastNumber,
            segmentsThrough: contents.segmentsThrough,
            ledgerMilliseconds: contents.ledger?.logMilliseconds, journal: journal.files,
            emptyJournalFiles: journal.empty, shards: inspected, strays: strays,
            controlSnapshot: contents.snapshot?.payload, controlEntries: contents.payloads,
            findings: findings)
    }

    static func finding(_ missing: MissingRecords) -> LogFinding {
        LogFinding(
            file: "segments",
            what: "no file has the positions \(missing.positions.lowerBound) to "
                + "\(missing.positions.upperBound) of a shard's log",
            records: [
                LogFinding.Records(
                    shard: missing.shard, afterIndex: missing.afterIndex,
                    throughIndex: missing.throughIndex, count: missing.count)
            ], consequence: .missing)
    }

    private var strays: [String] {
        let known = Set(shards.map { $0.description.number.rawValue })
        return segments.filter { !known.contains($0.key) }.values.joined()
            .map { String($0.path.split(separator: "/").last ?? "") }.sorted()
    }

    private func shard(
        _ state: Snapshot.ShardState, _ sorted: ShardSegments, _ missing: [MissingRecords]
    ) -> LogInspection.Shard {
        let number = state.description.number.rawValue
        let settled = settledPart(of: state)
        return LogInspection.Shard(
            description: state.description, tail: Position(offset: state.tail),
            records: state.records, lastIndex: state.lastIndex,
            lastArrivalMilliseconds: state.lastArrivalMilliseconds,
            keptFrom: contents.keptFrom(number).map { Position(offset: $0) },
            segments: segments(state, sorted),
            journalFrom: settled.tail < state.tail ? Position(offset: settled.tail) : nil,
            missing: missing)
    }

    /// All that are part of the shard's log, also as far as the journal has it.
    private func segments(
        _ state: Snapshot.ShardState, _ sorted: ShardSegments
    ) -> [LogInspection.Segment] {
        let all = sorted.kept + sorted.beyond.filter { $0.base < state.tail }
        return all.enumerated().map { place, segment in
            let next = place + 1 < all.count ? all[place + 1] : nil
            let end = next?.base ?? state.tail
            let isKnown = segment.fault == nil && next?.fault == nil
            let behind = next?.header.ordinal ?? state.records
            return LogInspection.Segment(
                name: String(segment.path.split(separator: "/").last ?? ""),
                bytes: headers[segment.path]?.bytes ?? 0, base: Position(offset: segment.base),
                recordBytes: end - segment.base,
                records: isKnown ? behind - min(behind, segment.header.ordinal) : nil,
                firstIndex: segment.fault == nil ? segment.header.firstIndex : nil,
                lastIndex: isKnown ? next?.header.previousIndex ?? state.lastIndex : nil,
                firstArrivalMilliseconds: segment.fault == nil
                    ? segment.header.firstArrivalMilliseconds : nil,
                hasIndexFile: indexed.contains(segment.path))
        }
    }
}
