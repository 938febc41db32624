public import Kinesis
public import Wire

/// The bodies of requests.
public enum RequestBody {
    /// A map of members that are texts, whole numbers or truth values.
    static func make(
        _ encoding: Encoding, _ members: (inout ResponseWriter) -> Void
    ) -> [UInt8] {
        var writer = ResponseWriter(encoding, capacity: 256)
        writer.beginStructure()
        members(&writer)
        writer.endStructure()
        return writer.finish()
    }

    /// PutRecords.
    public static func putRecords(
        _ entries: some Sequence<PutEntry>, stream: String, _ encoding: Encoding
    ) -> [UInt8] {
        make(encoding) { writer in
            writer.member("StreamName", stream)
            writer.key("Records")
            writer.beginList()
            for entry in entries {
                writer.beginStructure()
                writer.record(entry)
                writer.endStructure()
            }
            writer.endList()
        }
    }

    /// PutRecord.
    public static func putRecord(
        _ entry: PutEntry, stream: String, _ encoding: Encoding
    ) -> [UInt8] {
        make(encoding) { writer in
            writer.member("StreamName", stream)
            writer.record(entry)
        }
    }

    /// SubscribeToShard, which is JSON always.
    public static func subscribe(
        _ consumer: ConsumerARN, _ shard: ShardID, _ position: StartingPosition
    ) -> [UInt8] {
        make(.json) { writer in
            writer.member("ConsumerARN", consumer.description)
            writer.member("ShardId", shard.description)
            writer.key("StartingPosition")
            writer.beginStructure()
            switch position {
            case .trimHorizon: writer.member("Type", "TRIM_HORIZON")
            case .latest: writer.member("Type", "LATEST")
            case .cursor: writer.member("Type", "CURSOR")
            case .atSequenceNumber(let number):
                writer.member("Type", "AT_SEQUENCE_NUMBER")
                writer.member("SequenceNumber", number)
            case .afterSequenceNumber(let number):
                writer.member("Type", "AFTER_SEQUENCE_NUMBER")
                writer.member("SequenceNumber", number)
            case .atTimestamp(let milliseconds):
                writer.member("Type", "AT_TIMESTAMP")
                writer.key("Timestamp")
                writer.timestamp(milliseconds: milliseconds)
            }
            writer.endStructure()
        }
    }
}

extension ResponseWriter {
    mutating func member(_ name: String, _ text: String) {
        key(name)
        self.text(text)
    }

    mutating func member(_ name: String, _ number: Int) {
        key(name)
        integer(Int64(number))
    }

    fileprivate mutating func record(_ entry: PutEntry) {
        key("Data")
        blob(entry.data.span)
        member("PartitionKey", entry.partitionKey)
        if let hashKey = entry.explicitHashKey { member("ExplicitHashKey", String(hashKey)) }
    }
}
