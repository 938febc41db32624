import Crypto
import Kinesis
import Testing
import Wire

/// A PutRecords body as boto3 writes it: spaces behind separators, escapes beyond ASCII.
private func body(_ records: [(key: String, data: [UInt8], explicit: String?)]) -> Sample {
    .map([
        (
            "Records",
            .list(
                records.map { record in
                    var members: [(String, Sample)] = [
                        ("Data", .blob(record.data)), ("PartitionKey", .text(record.key)),
                    ]
                    if let explicit = record.explicit {
                        members.append(("ExplicitHashKey", .text(explicit)))
                    }
                    return .map(members)
                })
        ),
        ("StreamName", .text("foo")),
    ])
}

/// A body of records whose keys have one byte and whose data have these sizes.
private func large(_ sizes: [Int]) -> [UInt8] {
    let zeros = [UInt8](repeating: 0, count: sizes.max() ?? 0)
    var writer = ResponseWriter(.cbor, capacity: sizes.reduce(100, +))
    writer.beginStructure()
    writer.key("StreamName")
    writer.text("foo")
    writer.key("Records")
    writer.beginList()
    for size in sizes {
        writer.beginStructure()
        writer.key("Data")
        writer.blob(zeros.span.extracting(..<size))
        writer.key("PartitionKey")
        writer.text("k")
        writer.endStructure()
    }
    writer.endList()
    writer.endStructure()
    return writer.finish()
}

private func error(_ sample: Sample, _ operation: Operation = .kinesis(.putRecords))
    -> ServiceError?
{
    let json = refusal(operation, sample.json())
    #expect(json == refusal(operation, sample.cbor(), .cbor))
    return json
}

private func sizeError(_ input: PutRecords.Input, _ limit: Int) -> ServiceError? {
    do throws(ServiceError) {
        try input.checkSizes(limitBytes: limit)
        return nil
    } catch {
        return error
    }
}

private func array(_ span: Span<UInt8>) -> [UInt8] {
    var bytes: [UInt8] = []
    for index in span.indices { bytes.append(span[index]) }
    return bytes
}

@Suite struct `Put requests` {
    @Test func `five hundred records come out as they went in, from either encoding`() throws {
        var records: [(key: String, data: [UInt8], explicit: String?)] = []
        let keys = ["k", "schlüssel", "キー", "😀-𝄞", "a\"b\\c/d", "tab\tline\nnul\u{0}"]
        for index in 0..<500 {
            let data = (0..<(index * 7 % 1100)).map {
                UInt8(truncatingIfNeeded: $0 * index &+ $0 >> 3)
            }
            records.append(
                (keys[index % keys.count] + "\(index)", data, index % 50 == 7 ? "\(index)" : nil))
        }
        let sample = body(records)
        for (encoding, bytes) in [
            (Wire.Encoding.json, Array(sample.json().utf8)), (.cbor, sample.cbor()),
        ] {
            let input = try PutRecords.decode(bytes, encoding)
            #expect(input.stream == StreamSelector(name: "foo"))
            #expect(input.count == 500)
            for (index, record) in records.enumerated() {
                #expect(array(input.partitionKey(index)) == Array(record.key.utf8))
                #expect(array(input.data(index)) == record.data)
                #expect(input.explicitHashKey(index) == record.explicit.flatMap { UInt128($0) })
                let same = input.withRecord(index) { key, data, explicit in
                    array(key) == Array(record.key.utf8) && array(data) == record.data
                        && explicit == input.explicitHashKey(index)
                }
                #expect(same)
            }
            #expect(input.hashKey(7) == 7)
            #expect(input.hashKey(8) == MD5.hash(Array(records[8].key.utf8).span))
        }
    }

    @Test func `one record comes out as it went in`() throws {
        let sample = Sample.map([
            ("PartitionKey", .text("schlüssel😀")), ("Data", .blob([1, 2, 3])),
            ("StreamName", .text("foo")),
            ("SequenceNumberForOrdering", .text("12")), ("DryRun", .boolean(true)),
        ])
        for (encoding, bytes) in [
            (Wire.Encoding.json, Array(sample.json().utf8)), (.cbor, sample.cbor()),
        ] {
            let input = try PutRecord.decode(bytes, encoding)
            #expect(array(input.partitionKey) == Array("schlüssel😀".utf8))
            #expect(array(input.data) == [1, 2, 3])
            #expect(input.sequenceNumberForOrdering == "12")
            #expect(input.explicitHashKey == nil)
            #expect(input.dryRun)
            #expect(input.hashKey == MD5.hash(Array("schlüssel😀".utf8).span))
        }
    }

    @Test(
        arguments: [
            ("0", 0), ("340282366920938463463374607431768211455", UInt128.max), ("1", 1),
        ] as [(String, UInt128)])
    func `an explicit hash key may be anything on the ring`(text: String, key: UInt128) throws {
        let one = body([("k", [], text)])
        #expect(try PutRecords.decode(one.cbor(), .cbor).hashKey(0) == key)
        let body = #"{"StreamName":"s","PartitionKey":"k","Data":"","ExplicitHashKey":"\#(text)"}"#
        #expect(try PutRecord.decode(Array(body.utf8), .json).hashKey == key)
    }

    @Test(arguments: [
        "340282366920938463463374607431768211456", "999999999999999999999999999999999999999",
    ])
    func `an explicit hash key beyond the ring is told`(text: String) {
        let expected = ServiceError(
            .invalidArgument,
            "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was \(text)"
        )
        #expect(error(body([("k", [], nil), ("k", [], text)])) == expected)
        let one = Sample.map([
            ("StreamName", .text("s")), ("PartitionKey", .text("k")), ("Data", .blob([])),
            ("ExplicitHashKey", .text(text)),
        ])
        #expect(error(one, .kinesis(.putRecord)) == expected)
    }

    @Test func `the number of records is bounded on both sides`() {
        let one = (key: "k", data: [UInt8](), explicit: String?.none)
        #expect(error(body(Array(repeating: one, count: 500))) == nil)
        let many = error(body(Array(repeating: one, count: 501)))?.message ?? ""
        #expect(
            many.hasPrefix(
                "1 validation error detected: Value '[com.amazonaws.kinesis.v20131202.PutRecordsRequestEntry@"
            ))
        #expect(
            many.hasSuffix(
                " at 'records' failed to satisfy constraint: Member must have length less than or equal to 500"
            ))
        #expect(many.ranges(of: "PutRecordsRequestEntry@").count == 501)
        #expect(
            error(body([]))?.message
                == "1 validation error detected: Value '[]' at 'records' failed to satisfy constraint: Member must have length greater than or equal to 1"
        )
    }

    @Test func `a hundred thousand empty records are counted, not kept`() {
        let text =
            refusal(
                .kinesis(.putRecords),
                #"{"StreamName":"s","Records":["#
                    + Array(repeating: "{}", count: 100_000).joined(separator: ",") + "]}"
            )?.message ?? ""
        #expect(text.hasPrefix("10 validation errors detected: "))
        #expect(text.utf8.count < 80_000)
    }

    @Test func `at most ten violations are told`() {
        let text =
            error(.map([("Records", .list(Array(repeating: .map([]), count: 20)))]))?.message ?? ""
        let paths = (1...10).map { "records.\($0).member.data" }
        #expect(
            text
                == "10 validation errors detected: "
                + paths.map {
                    "Value null at '\($0)' failed to satisfy constraint: Member must not be null"
                }
                .joined(separator: "; "))
    }

    @Test func `a null among the records is a record without members`() {
        #expect(
            refusal(.kinesis(.putRecords), #"{"StreamName":"s","Records":[null]}"#)?.message
                == "1 validation error detected: Value null at 'records.1.member.data' failed to satisfy constraint: Member must not be null"
        )
    }

    @Test func `a record without a partition key is refused by a stream that looks at it`() throws {
        func null(_ paths: [String]) -> String {
            "\(paths.count) validation error\(paths.count == 1 ? "" : "s") detected: "
                + paths.map {
                    "Value null at '\($0)' failed to satisfy constraint: Member must not be null"
                }.joined(separator: "; ")
        }
        let single = try PutRecord.decode(Array(#"{"StreamName":"s","Data":""}"#.utf8), .json)
        #expect(single.partitionKey.count == 0)
        #expect(throws: ServiceError(.validation, null(["partitionKey"]))) {
            try single.checkPartitionKey()
        }
        let records = (0..<12).map {
            $0 == 1 ? #"{"Data":"","PartitionKey":"k"}"# : #"{"Data":""}"#
        }
        let batch = try PutRecords.decode(
            Array(#"{"StreamName":"s","Records":[\#(records.joined(separator: ","))]}"#.utf8), .json
        )
        let paths = ([1] + Array(3...11)).map { "records.\($0).member.partitionKey" }
        #expect(throws: ServiceError(.validation, null(paths))) { try batch.checkPartitionKeys() }
    }

    @Test func `several violations are told in declared order`() {
        #expect(
            refusal(
                .kinesis(.putRecord), #"{"StreamName":"","PartitionKey":"","ExplicitHashKey":"x"}"#)?
                .message
                == "5 validation errors detected: Value '' at 'streamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+; Value '' at 'streamName' failed to satisfy constraint: Member must have length greater than or equal to 1; Value null at 'data' failed to satisfy constraint: Member must not be null; Value '' at 'partitionKey' failed to satisfy constraint: Member must have length greater than or equal to 1; Value 'x' at 'explicitHashKey' failed to satisfy constraint: Member must satisfy regular expression pattern: ^(0|([1-9]\\d{0,38}))$"
        )
    }

    @Test func `data over ten mebibytes breaks the model's own bound`() {
        #expect(refusal(.kinesis(.putRecords), large([10_485_759]), .cbor) == nil)
        #expect(
            refusal(.kinesis(.putRecords), large([10_485_761]), .cbor)?.message
                == "1 validation error detected: Value 'java.nio.HeapByteBuffer[pos=0 lim=10485761 cap=10485761]' at 'records.1.member.data' failed to satisfy constraint: Member must have length less than or equal to 10485760"
        )
    }

    @Test func `records over ten mebibytes together are refused`() {
        let ten = Array(repeating: (1 << 20) - 1, count: 10)
        #expect(refusal(.kinesis(.putRecords), large(ten), .cbor) == nil)
        #expect(
            refusal(.kinesis(.putRecords), large(ten + [0]), .cbor)
                == ServiceError(.invalidArgument, "Records size exceeds 10 MB limit"))
    }

    @Test func `a record's size is its data and its key`() throws {
        let sizes = [(1, 9), (1, 10), (5, 6), (1, 12)]
        let records = sizes.map {
            (String(repeating: "k", count: $0.0), [UInt8](repeating: 0, count: $0.1), String?.none)
        }
        let input = try PutRecords.decode(body(records).cbor(), .cbor)
        #expect(sizeError(input, 13) == nil)
        #expect(
            sizeError(input, 12)
                == ServiceError(
                    .validation,
                    "1 validation error detected: Value 'java.nio.HeapByteBuffer[pos=0 lim=13 cap=13]' at 'records.4.member.data' failed to satisfy constraint: Member must have length less than or equal to 12"
                ))
        #expect(
            sizeError(input, 10)
                == ServiceError(
                    .validation,
                    "3 validation errors detected: Value 'java.nio.HeapByteBuffer[pos=0 lim=11 cap=11]' at 'records.2.member.data' failed to satisfy constraint: Member must have length less than or equal to 10; Value 'java.nio.HeapByteBuffer[pos=0 lim=11 cap=11]' at 'records.3.member.data' failed to satisfy constraint: Member must have length less than or equal to 10; Value 'java.nio.HeapByteBuffer[pos=0 lim=12 cap=12]' at 'records.4.member.data' failed to satisfy constraint: Member must have length less than or equal to 10"
                ))
        let one = try PutRecord.decode(
            Array(#"{"StreamName":"s","PartitionKey":"k","Data":"YWJj"}"#.utf8), .json)
        try one.checkSize(limitBytes: 4)
        #expect(
            throws: ServiceError(
                .validation,
                "1 validation error detected: Value 'java.nio.HeapByteBuffer[pos=0 lim=4 cap=4]' at 'data' failed to satisfy constraint: Member must have length less than or equal to 3"
            )
        ) { try one.checkSize(limitBytes: 3) }
    }

    @Test func `results are in the request's order with a count of those that failed`() {
        let number = SequenceNumber(
            shardCreatedSecond: 1_548_118_962, shardIndex: 0, index: 1, second: 1_548_118_970)
        let output = PutRecords.Output(results: [
            .stored(shardID: ShardID(index: 0), sequenceNumber: number),
            .failed(
                .writeRateExceeded(
                    shardID: "shardId-000000000001", stream: "S", account: "123456789012")),
            .failed(ServiceError(.internalFailure, "Internal Service Failure.")),
        ])
        #expect(
            String(decoding: output.encoded(.json), as: UTF8.self)
                == #"{"FailedRecordCount":2,"Records":[{"SequenceNumber":"49592244611845654863036504152941931938495418617089228802","ShardId":"shardId-000000000000"},{"ErrorCode":"ProvisionedThroughputExceededException","ErrorMessage":"Rate exceeded for shard shardId-000000000001 in stream S under account 123456789012."},{"ErrorCode":"InternalFailure","ErrorMessage":"Internal Service Failure."}]}"#
        )
        let one = PutRecord.Output(shardID: ShardID(index: 0), sequenceNumber: number)
        #expect(
            String(decoding: one.encoded(.json), as: UTF8.self)
                == #"{"SequenceNumber":"49592244611845654863036504152941931938495418617089228802","ShardId":"shardId-000000000000"}"#
        )
    }
}
