import ShardLog
import Synchronization
import Testing
import TestSupport

/// Records that another thread has encoded are staged as if the reader had done it.
struct PreparedRecordsTests {
    private func roomy(_ folder: TemporaryFolder) -> ShardLog.Configuration {
        var configuration = small(folder)
        configuration.journalFileBytes = 4 << 20
        configuration.segmentBytes = 4 << 20
        return configuration
    }

    private func prepared(
        _ shards: [Shard], _ sizes: [Int]
    ) -> (records: PreparedRecords, data: [[UInt8]]) {
        let key = Array("key".utf8)
        let room = sizes.reduce(0) { $0 + PreparedRecords.bytes(key: key.count, data: $1) }
        let records = PreparedRecords(reader: 0, bytes: room)
        var data: [[UInt8]] = []
        for (place, size) in sizes.enumerated() {
            let bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: place), count: size)
            data.append(bytes)
            records.append(
                shards[place % shards.count], hashKey: 7, partitionKey: key.span,
                data: bytes.span)
        }
        return (records, data)
    }

    @Test func `they come behind what was staged before, in order`() throws {
        let folder = TemporaryFolder()
        let configuration = roomy(folder)
        let log = try openLog(configuration)
        let bench = Bench(log)
        let shard = try bench.open(1)
        let other = try bench.open(2)
        let before = bench.stage(shard, [1, 2, 3])
        let sizes = [300_000, 0, 70_000, 5, 400_000, 1]
        let (records, data) = prepared([shard, other], sizes)
        var refused: [Int] = []
        bench.staging.append(records, [0, 2, 3, 4], waiter: 1_000, minimumIndex: 0) { place, _ in
            refused.append(place)
        }
        let behind = bench.stage(shard, [4])
        bench.staging.handOver()
        try bench.wait { bench.outcomes[behind.token] != nil && bench.outcomes[1_000] != nil }
        #expect(refused.isEmpty)
        #expect(bench.outcomes[before.token] != nil)
        let expected = [[1, 2, 3], data[0], data[2], data[4], [4]]
        #expect(readAll(shard).records.map(\.data) == expected)
        #expect(readAll(other).records.map(\.data) == [data[3]])
        try log.close()
        // And so it is read after a restart, from the journal's bytes.
        let again = try openLog(configuration)
        #expect(readAll(again.shard(shard.number)!).records.map(\.data) == expected)
        try again.close()
    }

    @Test func `a budget that they do not fit into refuses them and gets everything back`() throws {
        let folder = TemporaryFolder()
        var configuration = roomy(folder)
        configuration.stagingBytes = 1 << 20
        let log = try openLog(configuration)
        let bench = Bench(log)
        let shard = try bench.open(1)
        #expect(bench.stage(shard, [0]).result == .staged)
        let (records, _) = prepared([shard], [2 << 20, 1])
        var refused: [Int] = []
        bench.staging.append(records, [0, 1], waiter: 9, minimumIndex: 0) { place, result in
            #expect(result == .full)
            refused.append(place)
        }
        #expect(refused == [0, 1])
        // A share of a shard is a quarter of the budget: the second of these is above it.
        let (some, _) = prepared([shard], [200_000, 200_000])
        refused = []
        bench.staging.append(some, [0, 1], waiter: 10, minimumIndex: 0) { place, _ in
            refused.append(place)
        }
        #expect(refused == [1])
        bench.staging.handOver()
        try bench.wait { bench.outcomes[10] != nil }
        #expect(try bench.put(shard, [1]) != .failed)
        bench.drain()
        #expect(log.counters.stagedBytes.load(ordering: .relaxed) == 0)
        try log.close()
    }
}
