import Catalog
import Kinesis
import ShardLog
import Wire

extension FolderInspection {
    /// The same for programs: one JSON object.
    /// - Parameter listsBatches: whether every batch of the journal is in it.
    public func json(listsBatches: Bool = false) -> [UInt8] {
        var writer = ResponseWriter(.json, capacity: 4096)
        writer.structure { writer in
            writer.member("folder", log.folder)
            writer.member("in_use", log.isInUse)
            writer.member("format", log.format.map { UInt64($0) })
            writer.member("closed", isClosed)
            writer.member("snapshot_batch", log.snapshotBatch)
            writer.member("last_batch", log.lastBatch)
            writer.member("segments_through_batch", log.segmentsThrough)
            writer.list("journal", log.journal) { $0.value($1, listsBatches) }
            writer.list("empty_journal_files", log.emptyJournalFiles) { $0.text($1) }
            streams(&writer)
            let named = Set(catalog.snapshot?.shardDescriptions.map(\.number) ?? [])
            writer.list(
                "unnamed_shards", log.shards.filter { !named.contains($0.description.number) }
            ) { shard(nil, $1, &$0) }
            writer.list("stray_segments", log.strays) { $0.text($1) }
            writer.list("findings", findings) { $0.value($1) }
        }
        return writer.finish()
    }

    private func streams(_ writer: inout ResponseWriter) {
        var streams: [StreamState] = []
        catalog.snapshot?.visitStreams { stream in
            streams.append(stream)
            return true
        }
        let shards = byNumber
        writer.list("streams", streams) { writer, stream in
            writer.structure { writer in
                writer.member("name", stream.name)
                writer.member("account", stream.account)
                writer.member("region", stream.region)
                writer.member("status", stream.status.rawValue)
                writer.list("shards", Array(stream.shards)) { writer, state in
                    guard let found = shards[state.number] else { return }
                    shard("\(state.id)", found, &writer)
                }
            }
        }
    }

    private func shard(
        _ id: String?, _ shard: LogInspection.Shard, _ writer: inout ResponseWriter
    ) {
        writer.structure { writer in
            writer.member("id", id)
            writer.member("number", "\(shard.description.number)")
            writer.member("closed", shard.description.isClosed)
            writer.member("records_ever", shard.records)
            writer.member("records_kept", shard.keptRecords)
            writer.member("tail", shard.tail.offset)
            writer.member("last_index", shard.lastIndex)
            writer.member("kept_from", shard.keptFrom?.offset)
            writer.member("journal_from", shard.journalFrom?.offset)
            writer.list("segments", shard.segments) { writer, segment in
                writer.structure { writer in
                    writer.member("name", segment.name)
                    writer.member("file_bytes", segment.bytes)
                    writer.member("base", segment.base.offset)
                    writer.member("record_bytes", segment.recordBytes)
                    writer.member("records", segment.records)
                    writer.member("first_index", segment.firstIndex)
                    writer.member("last_index", segment.lastIndex)
                    writer.member(
                        "first_sequence_number",
                        segment.firstIndex.map { number($0, shard, segment) })
                    writer.member(
                        "last_sequence_number", segment.lastIndex.map { number($0, shard, nil) })
                    writer.member("has_index_file", segment.hasIndexFile)
                }
            }
        }
    }
}

extension FolderVerification {
    /// The same for programs: one JSON object.
    public var json: [UInt8] {
        var writer = ResponseWriter(.json, capacity: 4096)
        writer.structure { writer in
            writer.member("folder", folder)
            writer.member("in_use", isInUse)
            writer.member("damaged", isDamaged)
            writer.member("batches", UInt64(batches))
            writer.member("records", records)
            writer.member("bytes", bytes)
            writer.list("findings", findings) { $0.value($1) }
        }
        return writer.finish()
    }
}

extension ResponseWriter {
    fileprivate mutating func structure(_ body: (inout ResponseWriter) -> Void) {
        beginStructure()
        body(&self)
        endStructure()
    }

    fileprivate mutating func list<Element>(
        _ name: String, _ elements: [Element], _ body: (inout ResponseWriter, Element) -> Void
    ) {
        key(name)
        beginList()
        for element in elements { body(&self, element) }
        endList()
    }

    // A member that has no value is left out.

    fileprivate mutating func member(_ name: String, _ value: String?) {
        guard let value else { return }
        key(name)
        text(value)
    }

    fileprivate mutating func member(_ name: String, _ value: UInt64?) {
        guard let value else { return }
        key(name)
        integer(Int64(clamping: value))
    }

    fileprivate mutating func member(_ name: String, _ value: Bool) {
        key(name)
        boolean(value)
    }

    fileprivate mutating func value(_ file: LogInspection.JournalFile, _ listsBatches: Bool) {
        structure { writer in
            writer.member("name", file.name)
            writer.member("bytes", file.bytes)
            writer.member("sequence", file.sequence)
            writer.member("epoch", FolderInspection.hexadecimal(file.epoch))
            writer.member("follows_batch", file.follows)
            writer.member("free", file.isFree)
            writer.member("closed", file.isClosed)
            writer.member("batch_count", UInt64(file.batches.count))
            writer.member("first_batch", file.batches.first?.number)
            writer.member("last_batch", file.batches.last?.number)
            writer.member("records", UInt64(file.batches.reduce(0) { $0 + $1.records }))
            guard listsBatches else { return }
            writer.list("batches", file.batches) { writer, batch in
                writer.structure { writer in
                    writer.member("number", batch.number)
                    writer.member("offset", batch.offset)
                    writer.member("bytes", batch.bytes)
                    writer.member("records", UInt64(batch.records))
                    writer.member("control_entries", UInt64(batch.controlEntries))
                    writer.member("shards", UInt64(batch.shards))
                    writer.member("needed", batch.isNeeded)
                }
            }
        }
    }

    fileprivate mutating func value(_ finding: FolderFinding) {
        structure { writer in
            writer.member("damage", finding.isDamage)
            writer.member("file", finding.file)
            writer.member("offset", finding.offset)
            writer.member("what", finding.what)
            writer.list("records", finding.records) { writer, records in
                writer.structure { writer in
                    writer.member("stream", records.stream)
                    writer.member("account", records.account)
                    writer.member("region", records.region)
                    writer.member("shard", records.shard)
                    writer.member("number", records.number)
                    writer.member("after_sequence_number", records.after)
                    writer.member("through_sequence_number", records.through)
                    writer.member("count", records.count)
                }
            }
            writer.member("consequence", finding.consequence)
        }
    }
}
