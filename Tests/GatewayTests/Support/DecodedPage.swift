import Foundation
import Kinesis
import Testing
import Wire

/// The output of GetRecords in either encoding.
struct DecodedPage {
    var records: [DecodedRecord] = []
    var arrivals: [Int64] = []
    var next: String?
    var millisBehind: Int64?
    var children: [String]?

    init(_ bytes: [UInt8], _ encoding: Wire.Encoding) throws {
        var reader = TokenReader(bytes.span, encoding)
        try #require(try reader.next() == .beginMap)
        let root = try DecodedPage.map(&reader)
        try #require(try reader.next() == .end)
        for case .map(let record) in try #require(root["Records"]).list {
            let data: [UInt8]
            switch record["Data"] {
            case .bytes(let bytes): data = bytes
            case .text(let text): data = try base64(text)
            default: throw TimedOut(description: "a record without data")
            }
            let digits = try #require(record["SequenceNumber"]?.text)
            records.append(
                DecodedRecord(
                    number: try #require(SequenceNumber(digits)),
                    record: TestRecord(
                        key: try #require(record["PartitionKey"]?.text), data: data)))
            arrivals.append(try #require(record["ApproximateArrivalTimestamp"]?.milliseconds))
        }
        next = root["NextShardIterator"]?.text
        if case .integer(let value) = root["MillisBehindLatest"] { millisBehind = value }
        children = root["ChildShards"]?.list.compactMap {
            if case .map(let child) = $0 { child["ShardId"]?.text } else { nil }
        }
    }

    private indirect enum Value {
        case map([String: Value])
        case list([Value])
        case text(String)
        case bytes([UInt8])
        case integer(Int64)
        case decimal(Double)
        case timestamp(Int64)
        case other

        var list: [Value] { if case .list(let list) = self { list } else { [] } }
        var text: String? { if case .text(let text) = self { text } else { nil } }
        /// JSON has seconds with a fraction, CBOR a tagged number of milliseconds.
        var milliseconds: Int64? {
            switch self {
            case .timestamp(let value): value
            case .decimal(let seconds): Int64((seconds * 1000).rounded())
            case .integer(let seconds): seconds * 1000
            default: nil
            }
        }
    }

    private static func map(_ reader: inout TokenReader) throws -> [String: Value] {
        var members: [String: Value] = [:]
        while case .key(let key) = try reader.next() {
            let name = string(key, reader)
            members[name] = try value(try reader.next(), &reader)
        }
        return members
    }

    private static func value(_ token: Token, _ reader: inout TokenReader) throws -> Value {
        switch token {
        case .beginMap: return .map(try map(&reader))
        case .beginList:
            var elements: [Value] = []
            while true {
                let token = try reader.next()
                if token == .endList { return .list(elements) }
                elements.append(try value(token, &reader))
            }
        case .text(let range): return .text(string(range, reader))
        case .bytes(let range):
            var bytes: [UInt8] = []
            reader.append(range, to: &bytes)
            return .bytes(bytes)
        case .integer(let value): return .integer(value)
        case .decimal(let value): return .decimal(value)
        case .timestamp(let milliseconds): return .timestamp(milliseconds)
        default: return .other
        }
    }

    private static func string(_ range: StringRange, _ reader: borrowing TokenReader) -> String {
        var bytes: [UInt8] = []
        reader.append(range, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}
