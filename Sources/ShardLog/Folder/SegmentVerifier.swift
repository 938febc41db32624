internal import System

/// Goes through the segments that shards must have, record by record.
struct SegmentVerifier {
    private(set) var findings: [LogFinding] = []
    /// Shards with findings.
    private(set) var suspects: Set<UInt64> = []
    private(set) var records: UInt64 = 0
    private(set) var bytes: UInt64 = 0
    private let survey: FolderSurvey
    private let total: UInt64
    private let progress: (UInt64, UInt64) -> Void

    init(_ survey: FolderSurvey, _ progress: @escaping (UInt64, UInt64) -> Void) {
        self.survey = survey
        self.progress = progress
        total = survey.shards.reduce(0) { sum, state in
            let sorted = survey.sorted(state)
            return sorted.kept.indices.reduce(sum) {
                $0 + sorted.end(of: $1) - sorted.kept[$1].base
            }
        }
    }

    /// Verifies what of a shard's log must be in the segments.
    mutating func verify(_ state: Snapshot.ShardState) {
        let before = findings.count
        let sorted = survey.sorted(state)
        var gaps: [MissingRecords] = []
        do throws(LogError) {
            gaps = try sorted.missing()
        } catch {
            add(unreadable: error, state)
        }
        findings += gaps.map { FolderSurvey.finding($0) }
        for place in sorted.kept.indices {
            verify(place, of: sorted, survey.settledPart(of: state), gaps)
        }
        if findings.count > before { suspects.insert(state.description.number.rawValue) }
    }

    private mutating func add(unreadable error: LogError, _ state: Snapshot.ShardState) {
        findings.append(
            LogFinding(
                file: "segments", what: "\(error)",
                records: [
                    LogFinding.Records(
                        shard: state.description.number, afterIndex: 0,
                        throughIndex: state.lastIndex)
                ], consequence: .unreadable(resumesAfter: nil)))
    }

    private func name(_ path: String) -> String {
        "segments/" + (path.split(separator: "/").last ?? "")
    }

    private mutating func verify(
        _ place: Int, of sorted: ShardSegments, _ state: Snapshot.ShardState,
        _ gaps: [MissingRecords]
    ) {
        let segment = sorted.kept[place]
        let next = place + 1 < sorted.kept.count ? sorted.kept[place + 1] : nil
        verifyHeader(of: segment)
        let end = sorted.end(of: place)
        // What is known to be missing has been told.
        let reach = gaps.map(\.positions.lowerBound.offset).filter { $0 >= segment.base }.min()
        let limit = min(end, reach ?? end)
        let bytes: [UInt8]
        do throws(LogError) {
            bytes = try survey.folder.records(of: segment, from: segment.base, to: limit)
        } catch {
            return add(unreadable: error, state)
        }
        let isSealed = next != nil || state.description.isClosed
        let marks = verifyIndex(of: segment, end: end, isSealed: isSealed)
        var walk = SegmentWalk(segment, from: bytes.span, limit: limit, marks)
        walk.run(bytes.span)
        records += walk.records
        self.bytes += UInt64(bytes.count)
        progress(self.bytes, total)
        tell(walk, of: segment, before: next, state, isWhole: limit == end)
    }

    private mutating func verifyHeader(of segment: Segment) {
        if segment.fault != nil {
            let next = LogFinding.Consequence.other(
                "Its records cannot be read by the server, nor those of the segment before by number "
                    + "or time; reading goes on with the segment behind it.")
            findings.append(
                LogFinding(
                    file: name(segment.path), offset: 0,
                    what: "both copies of the segment's header are wrong",
                    records: [
                        LogFinding.Records(
                            shard: ShardNumber(rawValue: segment.header.shard), afterIndex: 0)
                    ], consequence: next))
            return
        }
        guard let found = survey.headers[segment.path]?.found, found.isDamaged else { return }
        findings.append(
            LogFinding(
                file: name(segment.path), offset: found.broken.map { UInt64($0) },
                what: "one of the two copies of the segment's header is wrong",
                consequence: .none("the other is used, and the next start mends it")))
    }

    /// The marks of the segment's index file, as far as they are right.
    private mutating func verifyIndex(
        of segment: Segment, end: UInt64, isSealed: Bool
    ) -> [SparseIndex.Mark] {
        guard segment.fault == nil, survey.indexed.contains(segment.path) else { return [] }
        let path = IndexFile.path(of: segment.path)
        let help = LogFinding.Consequence.none(
            "it is only a help, and made again from the records")
        let file: [UInt8]
        do throws(SystemError) {
            file = try survey.folder.files.contents(of: path) ?? []
        } catch {
            findings.append(
                LogFinding(
                    file: name(path), what: "the file cannot be read: \(error)",
                    consequence: help))
            return []
        }
        let marks = IndexFile.marks(file.span, of: segment.header, below: end)
        let good = marks.isEmpty ? 0 : IndexFile.bytes(marks.count)
        if file.count > good {
            // Of one that is still written the end may be torn, or of records that never counted.
            findings.append(
                LogFinding(
                    weight: isSealed ? .damage : .note, file: name(path), offset: UInt64(good),
                    what: "the segment's index is not what it should be from here on",
                    consequence: help))
        }
        return marks
    }

    private mutating func tell(
        _ walk: SegmentWalk, of segment: Segment, before next: Segment?,
        _ state: Snapshot.ShardState, isWhole: Bool
    ) {
        let file = name(segment.path)
        for damage in walk.damages {
            let behind = next.flatMap { next in
                next.fault == nil
                    ? LogFinding.Mark(
                        index: next.header.firstIndex,
                        arrivalMilliseconds: next.header.firstArrivalMilliseconds) : nil
            }
            findings.append(
                LogFinding(
                    file: file, offset: segment.offset(damage.position), what: damage.what,
                    records: [
                        LogFinding.Records(
                            shard: state.description.number, afterIndex: damage.afterIndex,
                            throughIndex: damage.beforeIndex.map { $0 - 1 }
                                ?? next.map { $0.header.firstIndex - 1 } ?? state.lastIndex,
                            count: damage.count)
                    ], consequence: .unreadable(resumesAfter: damage.resumesAfter ?? behind)))
        }
        guard walk.damages.isEmpty, isWhole, segment.fault == nil, next?.fault == nil else {
            return
        }
        let expected = next?.header.ordinal ?? state.records
        if segment.header.ordinal + walk.records != expected {
            findings.append(
                LogFinding(
                    file: file, offset: 0,
                    what: "the segment has \(walk.records) records, and "
                        + "\(expected - min(expected, segment.header.ordinal)) were put into it",
                    records: [
                        LogFinding.Records(
                            shard: state.description.number,
                            afterIndex: segment.header.firstIndex - 1,
                            throughIndex: next?.header.previousIndex ?? state.lastIndex)
                    ], consequence: .other("What is there can be read.")))
        }
    }
}
