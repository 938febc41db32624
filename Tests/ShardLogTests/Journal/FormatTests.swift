import Foundation
import Synchronization
import Testing
import TestSupport

@testable import ShardLog

/// The bytes on disk against the vectors of `proto-spec`, which another program has made.
@Suite struct FormatTests {
    struct Vectors: Decodable {
        struct Record: Decodable {
            var shard, index, arrivalMilliseconds, hashKey, partitionKey, data, bytes: String
        }

        struct Extent: Decodable {
            var shard, start, bytes, recordsBefore, firstIndex, lastIndex: String
            var lastArrivalMilliseconds, records: String
        }

        struct Open: Decodable {
            var shard, createdMilliseconds: String
            var closed: Bool
        }

        struct Control: Decodable {
            var payload: String
            var opens: [Open]
            var closes, removes: [String]
        }

        struct Batch: Decodable {
            var epoch, number, durableThrough, segmentsThrough: String
            var ceilingMilliseconds, nodeMilliseconds, bytes: String
            var flags: UInt32
            var extents: [Extent]
            var controls: [Control]
            var records: [Int]
        }

        struct JournalHeader: Decodable {
            var epoch, sequence, follows, segmentsThrough, fileBytes, bytes: String
        }

        struct SegmentHeader: Decodable {
            var shard, base, fullBytes, recordsBefore, firstIndex: String
            var firstArrivalMilliseconds, bytes: String
            var previousBase, previousIndex: String?
        }

        struct SnapshotShard: Decodable {
            var shard, createdMilliseconds, tail, records, lastIndex: String
            var lastArrivalMilliseconds: String
            var closed: Bool
        }

        struct Snapshot: Decodable {
            var batch, ceilingMilliseconds, payload, bytes: String
            var shards: [SnapshotShard]
        }

        var records: [Record]
        var batches: [Batch]
        var journalHeaders: [JournalHeader]
        var segmentHeaders: [SegmentHeader]
        var segmentHeadersOfFormat1: [SegmentHeader]
        var snapshots: [Snapshot]
    }

    private let vectors: Vectors

    init() throws {
        vectors = try Specification.load("vectors/log-format.json")
    }

    @Test func `records are written and read as the vectors say`() throws {
        let folder = TemporaryFolder()
        let configuration = small(folder)
        let time = NodeTime(present: { 0 }, notBefore: 0)
        for vector in vectors.records {
            let bytes = unhex(vector.bytes)
            let shard = Shard(
                ShardDescription(
                    number: ShardNumber(rawValue: UInt64(vector.shard)!), createdMilliseconds: 0),
                Shard.Origin(), configuration, time, SegmentFiles(configuration))
            let key = Array(vector.partitionKey.utf8)
            let data = unhex(vector.data)
            let block = Block(reader: 0, capacity: 4096)
            block.append(
                shard, waiter: 0, ordinal: 0, hashKey: UInt128(vector.hashKey)!,
                partitionKey: key.span, data: data.span, minimumIndex: 0,
                length: Record.length(key: key.count, data: data.count))
            _ = block.stamp(
                0, index: UInt64(vector.index)!,
                arrivalMilliseconds: Int64(vector.arrivalMilliseconds)!)
            var gather = Gather()
            block.gather(0..<block.used, into: &gather)
            #expect(gather.copy() == bytes)
            #expect(Record.fault(bytes.span, shard: UInt64(vector.shard)!) == nil)
            let header = Record.Header(bytes.span)
            let view = RecordView(bytes.span, header, position: .start)
            #expect(view.partitionKey.array == key && view.data.array == data)
            #expect(String(view.hashKey) == vector.hashKey)
            #expect(String(view.index) == vector.index)
            for length in 0..<bytes.count {
                let short = Array(bytes[..<length])
                #expect(Record.fault(short.span, shard: UInt64(vector.shard)!) != nil)
            }
            for place in bytes.indices {
                var changed = bytes
                changed[place] ^= 4
                #expect(Record.fault(changed.span, shard: UInt64(vector.shard)!) != nil)
            }
        }
    }

    @Test func `batches are read as the vectors say, and written`() throws {
        for vector in vectors.batches {
            let bytes = unhex(vector.bytes)
            let batch = try Batch(bytes.span)
            #expect(String(batch.header.epoch) == vector.epoch)
            #expect(String(batch.header.number) == vector.number)
            #expect(String(batch.header.durableThrough) == vector.durableThrough)
            #expect(String(batch.header.segmentsThrough) == vector.segmentsThrough)
            #expect(String(batch.header.ceilingMilliseconds) == vector.ceilingMilliseconds)
            #expect(batch.header.flags == vector.flags)
            #expect(batch.header.totalBytes == bytes.count)
            let extents = vector.extents.map { extent in
                Extent(
                    shard: UInt64(extent.shard)!, start: UInt64(extent.start)!,
                    byteCount: UInt64(extent.bytes)!, ordinal: UInt64(extent.recordsBefore)!,
                    firstIndex: UInt64(extent.firstIndex)!,
                    lastIndex: UInt64(extent.lastIndex)!,
                    lastArrivalMilliseconds: Int64(extent.lastArrivalMilliseconds)!,
                    recordCount: UInt32(extent.records)!)
            }
            #expect(batch.extents == extents)
            let controls = vector.controls.map { control in
                ControlEntry(
                    payload: unhex(control.payload),
                    opens: control.opens.map {
                        ShardDescription(
                            number: ShardNumber(rawValue: UInt64($0.shard)!),
                            createdMilliseconds: Int64($0.createdMilliseconds)!,
                            isClosed: $0.closed)
                    },
                    closes: control.closes.map { ShardNumber(rawValue: UInt64($0)!) },
                    removes: control.removes.map { ShardNumber(rawValue: UInt64($0)!) })
            }
            #expect(batch.controls == controls)
            var writer = ByteWriter()
            batch.header.encode(into: &writer)
            for extent in extents { extent.encode(into: &writer) }
            for control in controls { control.encode(into: &writer) }
            BatchHeader.seal(&writer)
            let records = vector.records.flatMap { unhex(vectors.records[$0].bytes) }
            #expect(writer.bytes + records == bytes)
            for length in 0..<bytes.count {
                #expect(throws: (any Error).self) { try Batch(Array(bytes[..<length]).span) }
            }
            for place in bytes.indices {
                var changed = bytes
                changed[place] ^= 1
                #expect(throws: (any Error).self) { try Batch(changed.span) }
            }
        }
    }

    @Test func `headers and snapshots are as the vectors say`() throws {
        for vector in vectors.journalHeaders {
            let header = Journal.Header(
                epoch: UInt64(vector.epoch)!, sequence: UInt64(vector.sequence)!,
                follows: UInt64(vector.follows)!,
                segmentsThrough: UInt64(vector.segmentsThrough)!,
                fileBytes: UInt64(vector.fileBytes)!)
            #expect(Array(header.encoded()[..<Journal.Header.bytes]) == unhex(vector.bytes))
            #expect(Journal.Header(unhex(vector.bytes).span) == header)
        }
        for vector in vectors.segmentHeaders {
            let header = segmentHeader(vector)
            #expect(header.encoded() == unhex(vector.bytes))
            #expect(Segment.Header(unhex(vector.bytes).span) == header)
        }
        for vector in vectors.segmentHeadersOfFormat1 {
            #expect(Segment.Header(unhex(vector.bytes).span) == segmentHeader(vector))
        }
        for vector in vectors.snapshots {
            let snapshot = Snapshot(
                batch: UInt64(vector.batch)!,
                ceilingMilliseconds: Int64(vector.ceilingMilliseconds)!,
                shards: vector.shards.map { shard in
                    Snapshot.ShardState(
                        description: ShardDescription(
                            number: ShardNumber(rawValue: UInt64(shard.shard)!),
                            createdMilliseconds: Int64(shard.createdMilliseconds)!,
                            isClosed: shard.closed),
                        tail: UInt64(shard.tail)!, records: UInt64(shard.records)!,
                        lastIndex: UInt64(shard.lastIndex)!,
                        lastArrivalMilliseconds: Int64(shard.lastArrivalMilliseconds)!)
                }, payload: unhex(vector.payload))
            #expect(snapshot.encoded() == unhex(vector.bytes))
            #expect(Snapshot(unhex(vector.bytes).span) == snapshot)
        }
    }

    private func segmentHeader(_ vector: Vectors.SegmentHeader) -> Segment.Header {
        var header = Segment.Header(
            shard: UInt64(vector.shard)!, base: UInt64(vector.base)!,
            fullBytes: UInt64(vector.fullBytes)!, ordinal: UInt64(vector.recordsBefore)!,
            firstIndex: UInt64(vector.firstIndex)!,
            firstArrivalMilliseconds: Int64(vector.firstArrivalMilliseconds)!)
        if let base = vector.previousBase { header.previousBase = UInt64(base)! }
        if let index = vector.previousIndex { header.previousIndex = UInt64(index)! }
        return header
    }
}
