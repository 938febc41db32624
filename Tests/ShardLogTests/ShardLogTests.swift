import Foundation
import Testing
import TestSupport

@testable import ShardLog

@Suite struct ShardLogTests {
    @Test func `a record is there after the log was closed and opened again`() throws {
        let folder = TemporaryFolder()
        let configuration = small(folder)
        var stored: [RecordOutcome.Result] = []
        do {
            let log = try openLog(configuration)
            let bench = Bench(log)
            let shard = try bench.open(1)
            for round in 0..<10 {
                stored.append(try bench.put(shard, [UInt8](repeating: UInt8(round), count: 100)))
            }
            let (records, problem, _) = readAll(shard)
            #expect(problem == nil)
            #expect(records.map(\.data.first) == (0..<10).map { UInt8($0) })
            try log.close()
        }
        let log = try openLog(configuration)
        let shard = try #require(log.shard(ShardNumber(rawValue: 1)))
        let (records, problem, _) = readAll(shard)
        #expect(problem == nil)
        #expect(
            records.map {
                RecordOutcome.Result.stored(
                    index: $0.index, arrivalMilliseconds: $0.arrival)
            } == stored)
        #expect(records.map(\.data.first) == (0..<10).map { UInt8($0) })
        try log.close()
    }
}
