import Foundation
import Kinesis
import Testing
import Wire

private let number = SequenceNumber(
    shardCreatedSecond: 1_548_118_962, shardIndex: 0, index: 1, second: 1_548_118_970)
private let digits = "49592244611845654863036504152941931938495418617089228802"
private let child = ChildShard(
    id: ShardID(index: 1), parents: [ShardID(index: 0)],
    range: HashRange(start: 0, end: 170_141_183_460_469_231_731_687_303_715_884_105_727))
private let childText =
    #"{"ShardId":"shardId-000000000001","ParentShards":["shardId-000000000000"],"HashKeyRange":{"StartingHashKey":"0","EndingHashKey":"170141183460469231731687303715884105727"}}"#

private func page(
    _ encoding: Wire.Encoding, _ next: GetRecords.Next, lag: Int64 = 0, records: Int = 1
) -> [UInt8] {
    var page = GetRecords.Page(encoding: encoding, capacity: 0)
    let key = Array("a".utf8)
    let data: [UInt8] = [0x00, 0xFF, 0x10]
    for _ in 0..<records {
        page.append(
            sequenceNumber: number, arrivalMilliseconds: 1_548_118_964_772, partitionKey: key.span,
            data: data.span)
    }
    #expect(page.count == records)
    return page.finish(next, millisBehindLatest: lag)
}

/// The payload of an event's message, whose frame and checksums are checked on the way.
private func payload(_ message: [UInt8]) throws -> String {
    let total = Int(message.span.bigEndianUInt32(at: 0))
    let headers = Int(message.span.bigEndianUInt32(at: 4))
    #expect(total == message.count)
    #expect(headers == 101)
    return String(decoding: message[(12 + headers)..<(total - 4)], as: UTF8.self)
}

private func event(
    _ next: SubscribeToShard.Next, lag: Int64 = 0, expected: Int64 = 0, keys: [String] = []
) -> [UInt8] {
    var event = SubscribeToShard.Event(capacity: 0, expectedMillisBehindLatest: expected)
    for key in keys {
        let key = Array(key.utf8)
        let data = Array("hello".utf8)
        event.append(
            sequenceNumber: number, arrivalMilliseconds: 1_767_323_045_123, partitionKey: key.span,
            data: data.span)
    }
    #expect(event.count == keys.count)
    return event.finish(next, millisBehindLatest: lag)
}

@Suite struct `Records going out` {
    @Test func `a page that continues has an iterator and no children`() {
        #expect(
            String(decoding: page(.json, .iterator("AAA="), lag: 5), as: UTF8.self)
                == #"{"Records":[{"SequenceNumber":"\#(digits)","ApproximateArrivalTimestamp":1548118964.772,"Data":"AP8Q","PartitionKey":"a"}],"NextShardIterator":"AAA=","MillisBehindLatest":5}"#
        )
    }

    @Test func `a page at the shard's end has children and no iterator`() {
        #expect(
            String(decoding: page(.json, .ended([child]), lag: -1, records: 0), as: UTF8.self)
                == #"{"Records":[],"MillisBehindLatest":0,"ChildShards":[\#(childText)]}"#)
    }

    @Test func `a page in CBOR has the form of the vector`() {
        var expected: [UInt8] = [0xBF, 0x67] + Array("Records".utf8) + [0x9F, 0xBF, 0x6E]
        expected += Array("SequenceNumber".utf8) + [0x78, 56] + Array(digits.utf8)
        expected += [0x78, 0x1B] + Array("ApproximateArrivalTimestamp".utf8)
        expected += [0xC1, 0x1B, 0, 0, 1, 0x68, 0x73, 0x14, 0xBA, 0x24, 0x64] + Array("Data".utf8)
        expected +=
            [0x43, 0, 0xFF, 0x10, 0x6C] + Array("PartitionKey".utf8) + [0x61, 0x61, 0xFF, 0xFF]
        expected += [0x71] + Array("NextShardIterator".utf8) + [0x61, 0x78]
        expected += [0x72] + Array("MillisBehindLatest".utf8) + [0x00, 0xFF]
        #expect(page(.cbor, .iterator("x")) == expected)
    }

    @Test func `an empty event is AWS's to the byte`() throws {
        let number = try #require(
            SequenceNumber("49592244611845654863036504152941931938495418617089228802"))
        let message = event(.continues(number))
        #expect(message.count == 242)
        #expect(Array(message[0..<12]) == [0, 0, 0, 0xF2, 0, 0, 0, 0x65, 0x6A, 0x0E, 0x49, 0x83])
        #expect(
            try payload(message)
                == #"{"ContinuationSequenceNumber":"\#(digits)","MillisBehindLatest":0,"Records":[]}"#
        )
    }

    @Test func `an event has its records in AWS's order of members`() throws {
        let record =
            #"{"ApproximateArrivalTimestamp":1767323045.123,"Data":"aGVsbG8=","PartitionKey":"pk-1","SequenceNumber":"\#(digits)"}"#
        #expect(
            try payload(event(.continues(number), keys: ["pk-1", "pk-1"]))
                == #"{"ContinuationSequenceNumber":"\#(digits)","MillisBehindLatest":0,"Records":[\#(record),\#(record)]}"#
        )
    }

    @Test func `the lag may have more or fewer digits than expected`() throws {
        for expected in [0, 9, 10, 12345, Int64.max] {
            for lag in [-5, 0, 7, 10, 99999, Int64.max] {
                #expect(
                    try payload(
                        event(.continues(number), lag: lag, expected: expected, keys: ["k"]))
                        == #"{"ContinuationSequenceNumber":"\#(digits)","MillisBehindLatest":\#(max(0, lag)),"Records":[{"ApproximateArrivalTimestamp":1767323045.123,"Data":"aGVsbG8=","PartitionKey":"k","SequenceNumber":"\#(digits)"}]}"#
                )
            }
        }
    }

    @Test func `an event at the shard's end has children and no number`() throws {
        #expect(
            try payload(event(.ended([child])))
                == #"{"MillisBehindLatest":0,"Records":[],"ChildShards":[\#(childText)]}"#)
        let merged = ChildShard(
            id: ShardID(index: 2), parents: [ShardID(index: 0), ShardID(index: 1)], range: .whole)
        let text = try payload(event(.ended([merged]), lag: 12, keys: ["k"]))
        #expect(
            text.hasSuffix(
                #""ChildShards":[{"ShardId":"shardId-000000000002","ParentShards":["shardId-000000000000","shardId-000000000001"],"HashKeyRange":{"StartingHashKey":"0","EndingHashKey":"340282366920938463463374607431768211455"}}]}"#
            ))
        #expect(text.hasPrefix(#"{"MillisBehindLatest":12,"Records":[{"#))
    }

    @Test func `partition keys of any characters are read again as they were`() throws {
        for key in ["\"", "\\", "\u{0}\u{1F}\n", "é", "😀", String(repeating: "ключ", count: 64)] {
            let text = try payload(event(.continues(number), keys: [key]))
            let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
            let record = (object?["Records"] as? [[String: Any]])?.first
            #expect(record?["PartitionKey"] as? String == key)
        }
    }
}
