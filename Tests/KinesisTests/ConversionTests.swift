import Kinesis
import Testing
import Wire

private func message(_ operation: Operation, _ json: String) -> String? {
    refusal(operation, json)?.message
}

private func put(_ data: String) -> String? {
    let error = refusal(
        .kinesis(.putRecord), #"{"StreamName":"s","PartitionKey":"k","Data":\#(data)}"#)
    #expect(error == nil || error?.code == .serialization)
    return error?.message
}

private func limit(_ number: String) -> Int? {
    let body = Array(#"{"StreamName":"s","Limit":\#(number)}"#.utf8)
    return (try? DescribeStream.decode(body, .json))?.limit
}

@Suite struct `Conversions` {
    @Test(arguments: [
        (
            #""abc""#,
            "'abc' can not be converted to a Blob: Base64 encoded length is expected a multiple of 4 bytes but found: 3"
        ),
        (
            #""abcd=""#,
            "'abcd=' can not be converted to a Blob: Base64 encoded length is expected a multiple of 4 bytes but found: 5"
        ),
        (#""=aaa""#, "'=aaa' can not be converted to a Blob: Invalid Base64 character: '='"),
        (#""a*aa""#, "'a*aa' can not be converted to a Blob: Invalid Base64 character: '*'"),
        (#""aa-_""#, "'aa-_' can not be converted to a Blob: Invalid Base64 character: '-'"),
        (#""aaé""#, "'aaé' can not be converted to a Blob: Invalid Base64 character: 'é'"),
        (#""aa\u00e9""#, "'aaé' can not be converted to a Blob: Invalid Base64 character: 'é'"),
        (
            #""YR==""#,
            "'YR==' can not be converted to a Blob: Invalid last non-pad Base64 character dectected"
        ),
        (
            #""YWJ=""#,
            "'YWJ=' can not be converted to a Blob: Invalid last non-pad Base64 character dectected"
        ),
        (
            "1",
            "class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to a Blob"
        ),
        (
            "1.5",
            "class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to a Blob"
        ),
        ("false", "class java.lang.Boolean can not be converted to a Blob"),
    ])
    func `a blob that is none`(data: String, text: String) {
        #expect(put(data) == text)
    }

    @Test(arguments: [#""""#, #""YQ==""#, #""YWI=""#, #""YWJj""#, #""\/\/8=""#, #""\u0059Q==""#])
    func `a blob that is one`(data: String) {
        #expect(put(data) == nil)
    }

    @Test func `a quoted value is cut before it makes the error a burden`() throws {
        let text = try #require(put("\"" + String(repeating: "é", count: 100_001) + "\""))
        #expect(text.utf8.count < 41_000)
        #expect(
            text.hasSuffix(
                "Base64 encoded length is expected a multiple of 4 bytes but found: 200002"))
        #expect(!text.contains("\u{FFFD}"))
    }

    @Test func `a blob in CBOR is bytes, and a text is no blob`() {
        let members: [(String, Sample)] = [
            ("StreamName", .text("s")), ("PartitionKey", .text("k")),
        ]
        let good = Sample.map(members + [("Data", .blob([1, 2]))])
        #expect(refusal(.kinesis(.putRecord), good.cbor(), .cbor) == nil)
        let text = Sample.map(members + [("Data", .text("YQ=="))])
        #expect(
            refusal(.kinesis(.putRecord), text.cbor(), .cbor)
                == ServiceError(
                    .serialization, "class java.lang.String can not be converted to a Blob"))
        let bytes = Sample.map([("StreamName", .blob([0x61])), ("PartitionKey", .text("k"))])
        #expect(
            refusal(.kinesis(.putRecord), bytes.cbor(), .cbor)
                == ServiceError(
                    .serialization,
                    "class java.nio.HeapByteBuffer can not be converted to an String"))
    }

    @Test func `fractions are floored and numbers are clamped to 32 bits`() {
        #expect(limit("1.9") == 1)
        #expect(limit("2e1") == 20)
        for (number, clamped) in [
            ("2147483648", "2147483647"), ("1e30", "2147483647"),
            ("99999999999999999999", "2147483647"),
        ] {
            #expect(
                message(.kinesis(.describeStream), #"{"StreamName":"s","Limit":\#(number)}"#)
                    == "1 validation error detected: Value '\(clamped)' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 10000"
            )
        }
        for (number, clamped) in [
            ("-0.5", "-1"), ("-2147483649", "-2147483648"), ("-1e30", "-2147483648"), ("0.99", "0"),
        ] {
            #expect(
                message(.kinesis(.describeStream), #"{"StreamName":"s","Limit":\#(number)}"#)
                    == "1 validation error detected: Value '\(clamped)' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1"
            )
        }
    }

    @Test(arguments: [
        ("true", true), ("false", false), (#""true""#, true), (#""FALSE""#, false),
        (#""Yes""#, true),
        (#""no""#, false), (#""1""#, true), (#""0""#, false), ("null", false),
    ])
    func `truth is told in words too`(value: String, truth: Bool) throws {
        let body = Array(#"{"StreamName":"s","EnforceConsumerDeletion":\#(value)}"#.utf8)
        #expect(try DeleteStream.decode(body, .json).enforceConsumerDeletion == truth)
    }

    @Test(
        arguments: [
            ("1548118964", 1_548_118_964_000), ("1548118964.772", 1_548_118_964_772),
            ("1.548118964772E9", 1_548_118_964_772), ("0", 0), ("-1.5", -1500),
            ("1e300", 9_000_000_000_000_000),
            ("1548118964.7719999", 1_548_118_964_772),
        ] as [(String, Int64)])
    func `a time in JSON is seconds`(text: String, milliseconds: Int64) throws {
        let body =
            #"{"StreamName":"s","ShardId":"0","ShardIteratorType":"AT_TIMESTAMP","Timestamp":\#(text)}"#
        #expect(
            try GetShardIterator.decode(Array(body.utf8), .json).position
                == .atTimestamp(milliseconds))
    }

    @Test func `a time in CBOR is milliseconds, tagged or not, and a float seconds`() throws {
        func position(_ value: [UInt8]) throws -> StartingPosition {
            let members: [(String, Sample)] = [
                ("StreamName", .text("s")), ("ShardId", .text("0")),
                ("ShardIteratorType", .text("AT_TIMESTAMP")),
            ]
            var body = Sample.map(members).cbor()
            body.removeLast()
            body += [0x69] + Array("Timestamp".utf8) + value + [0xFF]
            return try GetShardIterator.decode(body, .cbor).position
        }
        let whole: [UInt8] = [0x1B, 0, 0, 0x01, 0x68, 0x73, 0x14, 0xBA, 0x24]
        #expect(try position([0xC1] + whole) == .atTimestamp(1_548_118_964_772))
        #expect(try position(whole) == .atTimestamp(1_548_118_964_772))
        let bits = (1_548_118_964.772).bitPattern
        let float = [0xFB] + (0..<8).reversed().map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) }
        #expect(try position(float) == .atTimestamp(1_548_118_964_772))
        #expect(try position([0xC1] + float) == .atTimestamp(1_548_118_964_772))
    }

    @Test func `of members that occur twice the last counts`() throws {
        let body = #"{"StreamName":1,"StreamName":"a","Limit":"x","Limit":5,"StreamName":"b"}"#
        let input = try DescribeStream.decode(Array(body.utf8), .json)
        #expect(input.stream.name == "b")
        #expect(input.limit == 5)
        #expect(
            message(.kinesis(.describeStream), #"{"StreamName":"a","StreamName":1}"#)
                == "class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to an String"
        )
        let lists =
            #"{"StreamName":"s","Records":[{},{}],"Records":[{"Data":"YQ==","PartitionKey":"k"}]}"#
        #expect(try PutRecords.decode(Array(lists.utf8), .json).count == 1)
        #expect(
            message(.kinesis(.describeStream), #"{"StreamName":"a","StreamName":null}"#)
                == "Either StreamARN or StreamName must be provided.")
    }

    @Test func `names in escapes are names`() throws {
        let body = #"{"\u0053treamName":"\u0061b","L\u0069mit":7}"#
        let input = try DescribeStream.decode(Array(body.utf8), .json)
        #expect(input.stream.name == "ab")
        #expect(input.limit == 7)
    }

    @Test func `of equal tags the last counts, and a tag without a value does not`() throws {
        let body = #"{"StreamName":"s","ShardCount":1,"Tags":{"a":"1","b":"2","a":"3","c":null}}"#
        let tags = try CreateStream.decode(Array(body.utf8), .json).tags
        #expect(tags.map { "\($0.key)=\($0.value)" } == ["a=3", "b=2"])
    }

    @Test func `a map that never ends being large is refused without keeping it`() {
        let entries = (0..<5000).map { #""k\#($0)":"v""# }.joined(separator: ",")
        let text = message(
            .kinesis(.createStream), #"{"StreamName":"s","ShardCount":1,"Tags":{\#(entries)}}"#)
        #expect(text?.hasSuffix("Member must have length less than or equal to 200") == true)
    }

    @Test func `length counts UTF-16 units`() {
        func key(_ key: String) -> String? {
            message(.kinesis(.putRecord), #"{"StreamName":"s","Data":"","PartitionKey":"\#(key)"}"#)
        }
        #expect(key(String(repeating: "é", count: 256)) == nil)
        #expect(key(String(repeating: "😀", count: 128)) == nil)
        for long in [String(repeating: "é", count: 257), String(repeating: "😀", count: 128) + "a"] {
            #expect(
                key(long)
                    == "1 validation error detected: Value '\(long)' at 'partitionKey' failed to satisfy constraint: Member must have length less than or equal to 256"
            )
        }
    }
}
