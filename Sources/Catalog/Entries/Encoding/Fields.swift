internal import Kinesis
internal import ShardLog

// The fields that more than one kind of entry, or an entry and the snapshot, have.

extension EntryWriter {
    mutating func streamKey(_ key: StreamKey) {
        text(key.account)
        text(key.region)
        text(key.name)
    }

    mutating func tags(_ tags: [ResourceTag]) {
        integer(tags.count)
        for tag in tags {
            text(tag.key)
            text(tag.value)
        }
    }

    mutating func status(_ status: StreamStatus) {
        switch status {
        case .creating: byte(0)
        case .active: byte(1)
        case .updating: byte(2)
        case .deleting: byte(3)
        }
    }

    mutating func mode(_ mode: StreamMode) {
        switch mode {
        case .provisioned: byte(0)
        case .onDemand: byte(1)
        }
    }

    mutating func distribution(_ strategy: RecordDistributionStrategy) {
        switch strategy {
        case .userPartitionKey: byte(0)
        case .auto: byte(1)
        }
    }

    /// Zero for none, else one above.
    mutating func optional(_ value: UInt32?) {
        integer(value.map { UInt64($0) + 1 } ?? 0)
    }

    /// Zero for none, else one above.
    mutating func optional(_ value: UInt64?) {
        integer(value.map { $0 + 1 } ?? 0)
    }

    /// A byte 0 for none; 1 and the text.
    mutating func optional(_ value: String?) {
        byte(value == nil ? 0 : 1)
        if let value { text(value) }
    }

    mutating func status(_ status: ConsumerStatus) {
        switch status {
        case .creating: byte(0)
        case .active: byte(1)
        case .deleting: byte(3)
        }
    }

    mutating func cursorKey(_ key: CursorKey) {
        integer(key.consumer)
        integer(key.shard.rawValue)
    }

    mutating func point(_ point: CursorPoint) {
        integer(point.index)
        integer(UInt64(point.milliseconds))
    }

    /// Which points follow, a bit each, and the points.
    mutating func cursor(_ cursor: Cursor) {
        let points = [cursor.origin, cursor.sent, cursor.credited, cursor.committed]
        var present: UInt8 = 0
        for (bit, point) in points.enumerated() where point != nil { present |= 1 << UInt8(bit) }
        byte(present)
        for case let point? in points { self.point(point) }
    }
}

extension EntryReader {
    mutating func streamKey() throws(CatalogError) -> StreamKey {
        let account = try text()
        let region = try text()
        return StreamKey(account: account, region: region, name: try text())
    }

    mutating func tags() throws(CatalogError) -> [ResourceTag] {
        var tags: [ResourceTag] = []
        for _ in 0..<(try count(ofAtLeast: 2)) {
            let key = try text()
            tags.append(ResourceTag(key: key, value: try text()))
        }
        return tags
    }

    mutating func streamStatus() throws(CatalogError) -> StreamStatus {
        switch try byte() {
        case 0: .creating
        case 1: .active
        case 2: .updating
        case 3: .deleting
        default: throw CatalogError(.malformed("an unknown stream status"), offset: offset - 1)
        }
    }

    mutating func streamMode() throws(CatalogError) -> StreamMode {
        switch try byte() {
        case 0: .provisioned
        case 1: .onDemand
        default: throw CatalogError(.malformed("an unknown stream mode"), offset: offset - 1)
        }
    }

    mutating func distribution() throws(CatalogError) -> RecordDistributionStrategy {
        switch try byte() {
        case 0: .userPartitionKey
        case 1: .auto
        default: throw CatalogError(.malformed("an unknown distribution"), offset: offset - 1)
        }
    }

    mutating func metrics() throws(CatalogError) -> ShardLevelMetrics {
        let bits = try byte()
        guard bits & ~ShardLevelMetrics.all.rawValue == 0 else {
            throw CatalogError(.malformed("an unknown metric"), offset: offset - 1)
        }
        return ShardLevelMetrics(rawValue: bits)
    }

    mutating func optionalSize() throws(CatalogError) -> UInt32? {
        let value = try integer(atMost: UInt64(UInt32.max) + 1)
        return value == 0 ? nil : UInt32(value - 1)
    }

    mutating func optionalSecond() throws(CatalogError) -> UInt64? {
        let value = try integer(atMost: SequenceNumber.greatestSecond + 1)
        return value == 0 ? nil : value - 1
    }

    mutating func optionalText() throws(CatalogError) -> String? {
        try flag() ? try text() : nil
    }

    mutating func milliseconds() throws(CatalogError) -> Int64 {
        Int64(try integer(atMost: UInt64(Int64.max)))
    }

    mutating func consumerStatus() throws(CatalogError) -> ConsumerStatus {
        switch try byte() {
        case 0: .creating
        case 1: .active
        case 3: .deleting
        default: throw CatalogError(.malformed("an unknown consumer status"), offset: offset - 1)
        }
    }

    mutating func flag() throws(CatalogError) -> Bool {
        switch try byte() {
        case 0: false
        case 1: true
        default: throw CatalogError(.malformed("a flag that is not 0 or 1"), offset: offset - 1)
        }
    }

    /// A number of a stream, shard or consumer; the number above it must fit too.
    mutating func number() throws(CatalogError) -> UInt64 {
        try integer(atMost: UInt64(Int64.max))
    }

    mutating func second() throws(CatalogError) -> UInt64 {
        try integer(atMost: SequenceNumber.greatestSecond)
    }

    /// A last second; there is one after it.
    mutating func closedSecond() throws(CatalogError) -> UInt64 {
        try integer(atMost: SequenceNumber.greatestSecond - 1)
    }

    mutating func size() throws(CatalogError) -> UInt32 {
        UInt32(try integer(atMost: UInt64(UInt32.max)))
    }

    mutating func shardIndex() throws(CatalogError) -> UInt32 {
        UInt32(try integer(atMost: UInt64(SequenceNumber.greatestShardIndex)))
    }

    mutating func cursorKey() throws(CatalogError) -> CursorKey {
        let consumer = try number()
        return CursorKey(consumer: consumer, shard: ShardNumber(rawValue: try number()))
    }

    mutating func point() throws(CatalogError) -> CursorPoint {
        let index = try integer(atMost: SequenceNumber.greatestIndex)
        let milliseconds = try integer(atMost: UInt64(Int64.max))
        return CursorPoint(index: index, milliseconds: Int64(milliseconds))
    }

    mutating func cursor() throws(CatalogError) -> Cursor {
        let present = try byte()
        guard present < 16 else {
            throw CatalogError(.malformed("unknown points of a cursor"), offset: offset - 1)
        }
        var cursor = Cursor()
        if present & 1 != 0 { cursor.origin = try point() }
        if present & 2 != 0 { cursor.sent = try point() }
        if present & 4 != 0 { cursor.credited = try point() }
        if present & 8 != 0 { cursor.committed = try point() }
        return cursor
    }
}
