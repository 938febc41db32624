import Kinesis
import Testing

@testable import Gateway

struct QuotasTests {
    @Test func `none and aws`() throws {
        #expect(try Quotas(text: "none") == .none)
        #expect(try Quotas(text: "aws") == .aws)
        #expect(!Quotas.none.limitsRates)
        #expect(Quotas.aws.limitsRates)
    }

    @Test func `a later part wins`() throws {
        let quotas = try Quotas(text: "aws,write-records=none,DescribeStream=50,shards=7")
        #expect(quotas.writeRecords == nil)
        #expect(quotas.writeBytes == 1 << 20)
        #expect(quotas.calls[.describeStream] == 50)
        #expect(quotas.shards == 7)
        #expect(try Quotas(text: "shards=7,none") == .none)
        #expect(try Quotas(text: "aws,CreateStream=none").calls[.createStream] == nil)
    }

    @Test func `a number of things is no rate`() throws {
        #expect(!(try Quotas(text: "shards=7,consumers=3,creating-streams=2").limitsRates))
        #expect(try Quotas(text: "resizes-per-day=1").limitsRates)
    }

    @Test(
        arguments: [
            "", "amazon", "aws,", "write-bytes", "write-bytes=", "write-bytes=0", "write-bytes=-1",
            "write-bytes=1M", "write-bytes=1000000000001", "Write-Bytes=5", "PutRecord=5",
            "CommitCursor=5", "describeStream=5", "=5", "write-bytes=1=2",
        ])
    func `what is not understood is told`(text: String) {
        #expect(throws: Quotas.Misunderstood.self) { try Quotas(text: text) }
    }
}
