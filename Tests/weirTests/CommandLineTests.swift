import ArgumentParser
import Kinesis
import Server
import Testing

@testable import WeirClient
@testable import weir

@Suite struct CommandLineTests {
    @Test func `put takes a stream and its options`() throws {
        let put = try PutCommand.parse([
            "s", "--data", "text", "--partition-key", "k", "--create", "4", "-v",
            "--endpoint-url", "https://h:1", "--ca-file", "f", "--region", "r",
        ])
        #expect(put.stream == "s" && put.data == "text" && put.partitionKey == "k")
        #expect(put.create == 4 && put.verbose && put.endpoint.endpointURL == "https://h:1")
        #expect(put.endpoint.caFile == "f" && put.endpoint.region == "r")
        #expect(throws: (any Error).self) { try PutCommand.parse([]) }
        #expect(throws: (any Error).self) { try PutCommand.parse(["s", "--partition-key", ""]) }
        #expect(throws: (any Error).self) { try PutCommand.parse(["s", "--create", "0"]) }
    }

    @Test func `tail begins where it is told`() throws {
        #expect(try TailCommand.parse(["s"]).from == "latest")
        #expect(try TailCommand.parse(["s"]).consumer == nil)
        #expect(throws: (any Error).self) { try TailCommand.parse(["s", "--from", "cursor"]) }
        #expect(
            try TailCommand.parse(["s", "--from", "cursor", "--consumer", "c"]).from == "cursor")
        #expect(throws: (any Error).self) { try TailCommand.parse(["s", "--from", "yesterday"]) }
        #expect(StartArgument(argument: "latest")?.position == .latest)
        #expect(StartArgument(argument: "trim-horizon")?.position == .trimHorizon)
        #expect(StartArgument(argument: "cursor")?.position == .cursor)
        #expect(StartArgument(argument: "@1.5")?.position == .atTimestamp(1_500))
    }

    @Test(arguments: [
        ("0", 0), ("1548118964.772", 1_548_118_964_772), ("1795401512", 1_795_401_512_000),
        ("1.0005", 1_000), ("1970-01-01", 0), ("1970-01-01T00:00:01Z", 1_000),
        ("2019-01-22T01:02:44.772Z", 1_548_118_964_772), ("2000-02-29T12:30Z", 951_827_400_000),
        ("2100-03-01", 4_107_542_400_000),
    ])
    func `a time is seconds or ISO 8601 in UTC`(_ text: String, _ milliseconds: Int64) {
        #expect(UTCTime.milliseconds(text[...]) == milliseconds)
    }

    @Test(arguments: [
        "", "x", "-1", "1.", "1.x", "2019-02-29", "2019-13-01", "2019-1-1", "1969-12-31",
        "2019-01-22T01:02:44", "2019-01-22T24:00Z", "2019-01-22T01:60Z", "2019-01-22T01Z",
        "2019-01-22T01:02:44.Z", "2019-01-22 01:02Z",
    ])
    func `anything else is no time`(_ text: String) {
        #expect(UTCTime.milliseconds(text[...]) == nil)
    }

    @Test func `stream takes what is to be done`() throws {
        let create = try StreamCommand.Create.parse(["orders", "--shards", "2"])
        #expect(create.name == "orders" && create.shards == 2)
        #expect(try StreamCommand.Create.parse(["orders"]).shards == 1)
        #expect(throws: (any Error).self) {
            try StreamCommand.Create.parse(["orders", "--shards", "0"])
        }
        #expect(try !StreamCommand.Delete.parse(["orders"]).enforceConsumerDeletion)
        #expect(throws: (any Error).self) { try StreamCommand.Delete.parse([]) }
    }

    @Test func `what a server says of itself can be pasted into a shell`() {
        let reach = ServerReach(port: 4567, authorityFile: "it's/ca.pem", region: "eu-west-1")
        let lines = ReachText.text(reach) { "/folder/" + $0 }.split(separator: "\n")
        let exports = lines.filter { $0.hasPrefix("  export ") }.map { $0.dropFirst(9) }
        #expect(
            exports == [
                "AWS_ENDPOINT_URL_KINESIS=https://localhost:4567",
                "AWS_CA_BUNDLE='/folder/it'\\''s/ca.pem'",
                "AWS_REGION=eu-west-1 AWS_DEFAULT_REGION=eu-west-1",
                "AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any",
            ])
        let own = ReachText.text(ServerReach(port: 1, authorityFile: nil, region: "r")) { $0 }
        #expect(
            !own.contains("AWS_CA_BUNDLE") && own.contains("--endpoint-url https://localhost:1"))
    }

    @Test func `the windows of a tail are bounded together`() {
        #expect(TailCommand.windowBytes(shards: 0) == 512 << 10)
        #expect(TailCommand.windowBytes(shards: 128) == 512 << 10)
        #expect(TailCommand.windowBytes(shards: 512) == 128 << 10)
        #expect(TailCommand.windowBytes(shards: 10_000) == 65_535)
    }

    @Test func `a printed object has the record's members`() {
        let number = SequenceNumber(
            shardCreatedSecond: 1, shardIndex: 2, index: 3, second: 4)
        let record = Record(
            shard: ShardID(index: 2), sequenceNumber: number, partitionKey: "k\"", data: [0, 255],
            arrivalMilliseconds: 1_500)
        #expect(
            String(decoding: TailSession.object(record), as: UTF8.self)
                == "{\"ShardId\":\"shardId-000000000002\",\"SequenceNumber\":\"\(number)\","
                + "\"PartitionKey\":\"k\\\"\",\"ApproximateArrivalTimestamp\":1.500,"
                + "\"Data\":\"AP8=\"}")
    }

    @Test func `benches refuse what cannot be run`() throws {
        #expect(try BenchPutCommand.parse([]).batch == 500)
        #expect(try BenchPutCommand.parse(["--rate", "10", "--batch", "1"]).rate == 10)
        for arguments in [
            ["--batch", "501"], ["--batch", "0"], ["--in-flight", "0"], ["--connections", "0"],
            ["--duration", "0"], ["--record-bytes", "63"], ["--shards", "0"],
            ["--batch", "500", "--record-bytes", "100000"],
        ] {
            #expect(throws: (any Error).self, "\(arguments)") {
                try BenchPutCommand.parse(arguments)
            }
        }
        #expect(throws: (any Error).self) {
            try BenchFanOutCommand.parse(["--batch", "10", "--window", "5"])
        }
    }
}
