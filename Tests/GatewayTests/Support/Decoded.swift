import Foundation
import Kinesis
import Testing
import Wire

/// JSON in either direction, for tests.
enum JSON {
    static func object(_ bytes: [UInt8]) throws -> [String: Any] {
        try #require(
            try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any],
            "not an object: \(text(bytes))")
    }

    static func bytes(_ object: [String: Any]) -> [UInt8] {
        let data = try? JSONSerialization.data(withJSONObject: object, options: [.sortedKeys])
        return data.map { Array($0) } ?? []
    }
}

func base64(_ text: String) throws -> [UInt8] {
    let data = try #require(Data(base64Encoded: text))
    return Array(data)
}

/// Records in the JSON of GetRecords or of an event.
struct DecodedRecord: Hashable {
    var number: SequenceNumber
    var record: TestRecord

    init(number: SequenceNumber, record: TestRecord) {
        self.number = number
        self.record = record
    }

    init(_ json: Any) throws {
        let object = try #require(json as? [String: Any])
        let data = try #require(object["Data"] as? String)
        let digits = try #require(object["SequenceNumber"] as? String)
        number = try #require(SequenceNumber(digits))
        record = TestRecord(
            key: try #require(object["PartitionKey"] as? String),
            data: try base64(data))
    }
}

/// One frame of a subscription, understood.
struct DecodedEvent {
    /// `initial-response`, `SubscribeToShardEvent` or the name of an exception.
    var type: String
    var records: [DecodedRecord] = []
    var continuation: SequenceNumber?
    var millisBehind: Int64?
    var children: [(id: String, parents: [String])]?
    var message: String?
    var isException = false

    init(_ message: EventStreamMessage) throws {
        if let exception = message.text(":exception-type") {
            type = exception
            isException = true
            self.message = try JSON.object(message.payload)["message"] as? String
            return
        }
        type = try #require(message.text(":event-type"))
        let object = try JSON.object(message.payload)
        guard type == "SubscribeToShardEvent" else { return }
        records = try #require(object["Records"] as? [Any]).map { try DecodedRecord($0) }
        if let number = object["ContinuationSequenceNumber"] as? String {
            continuation = SequenceNumber(number)
        }
        millisBehind = (object["MillisBehindLatest"] as? NSNumber)?.int64Value
        if let list = object["ChildShards"] as? [[String: Any]] {
            children = try list.map {
                (try #require($0["ShardId"] as? String), $0["ParentShards"] as? [String] ?? [])
            }
        }
    }

    /// The frames of bytes that hold whole frames only.
    static func all(_ bytes: [UInt8]) throws -> [DecodedEvent] {
        try EventStreamDecoder.decode(bytes.span).map { try DecodedEvent($0) }
    }
}
