import Kinesis
import Wire

extension SubscriptionEvent {
    /// Reads the payload of a SubscribeToShardEvent.
    init(shard: ShardID, payload: [UInt8]) throws(ClientError) {
        var parser = EventParser(payload.span, shard)
        do throws(WireError) {
            try parser.parse()
        } catch {
            throw .response("an event is broken: \(error.reason) at byte \(error.offset)")
        }
        self = parser.event
    }
}

/// Takes an event's members in whatever order they come, without a tree.
private struct EventParser: ~Escapable {
    private var reader: TokenReader
    private(set) var event: SubscriptionEvent
    private var scratch: [UInt8] = []

    @_lifetime(copy payload)
    init(_ payload: Span<UInt8>, _ shard: ShardID) {
        reader = TokenReader(payload, .json)
        event = SubscriptionEvent(
            shard: shard, records: [], continuation: nil, millisBehindLatest: 0, children: [])
    }

    mutating func parse() throws(WireError) {
        try expect(.beginMap)
        while case .key(let key) = try reader.next() {
            if isKey(key, "Records") {
                try expect(.beginList)
                while try isNext(.beginMap, before: .endList) { try record() }
            } else if isKey(key, "ContinuationSequenceNumber") {
                let token = try reader.next()
                if token != .null { event.continuation = try sequenceNumber(token) }
            } else if isKey(key, "MillisBehindLatest") {
                event.millisBehindLatest = try integer()
            } else if isKey(key, "ChildShards") {
                let token = try reader.next()
                if token == .null { continue }
                guard token == .beginList else { throw broken }
                while try isNext(.beginMap, before: .endList) { try child() }
            } else {
                try reader.skip(try reader.next())
            }
        }
    }

    private mutating func record() throws(WireError) {
        var data: [UInt8]?
        var partitionKey: String?
        var number: SequenceNumber?
        var arrival: Int64 = 0
        while case .key(let key) = try reader.next() {
            if isKey(key, "Data") {
                data = try blob()
            } else if isKey(key, "PartitionKey") {
                partitionKey = try text()
            } else if isKey(key, "SequenceNumber") {
                number = try sequenceNumber(try reader.next())
            } else if isKey(key, "ApproximateArrivalTimestamp") {
                arrival = try milliseconds()
            } else {
                try reader.skip(try reader.next())
            }
        }
        guard let data, let partitionKey, let number else { throw broken }
        event.records.append(
            Record(
                shard: event.shard, sequenceNumber: number, partitionKey: partitionKey, data: data,
                arrivalMilliseconds: arrival))
    }

    private mutating func child() throws(WireError) {
        var id: ShardID?
        var parents: [ShardID] = []
        var start: UInt128?
        var end: UInt128?
        while case .key(let key) = try reader.next() {
            if isKey(key, "ShardId") {
                id = ShardID(lenient: try text())
            } else if isKey(key, "ParentShards") {
                try expect(.beginList)
                while true {
                    let token = try reader.next()
                    if token == .endList { break }
                    guard let parent = ShardID(lenient: try text(token)) else { throw broken }
                    parents.append(parent)
                }
            } else if isKey(key, "HashKeyRange") {
                try expect(.beginMap)
                while case .key(let bound) = try reader.next() {
                    let value = UInt128(try text())
                    if isKey(bound, "StartingHashKey") { start = value }
                    if isKey(bound, "EndingHashKey") { end = value }
                }
            } else {
                try reader.skip(try reader.next())
            }
        }
        guard let id, let start, let end, start <= end, (1...2).contains(parents.count) else {
            throw broken
        }
        event.children.append(
            ChildShard(id: id, parents: parents, range: HashRange(start: start, end: end)))
    }

    // Values

    private var broken: WireError { WireError(offset: reader.offset, reason: .unexpectedByte) }

    private mutating func expect(_ token: Token) throws(WireError) {
        guard try reader.next() == token else { throw broken }
    }

    private mutating func isNext(_ token: Token, before end: Token) throws(WireError) -> Bool {
        let next = try reader.next()
        guard next == token || next == end else { throw broken }
        return next == token
    }

    private func isKey(_ key: StringRange, _ name: StaticString) -> Bool {
        let written = reader.written(key)
        guard written.count == name.utf8CodeUnitCount else { return false }
        var i = 0
        for byte in name.description.utf8 {
            if written[i] != byte { return false }
            i += 1
        }
        return true
    }

    private mutating func text() throws(WireError) -> String { try text(try reader.next()) }

    private mutating func text(_ token: Token) throws(WireError) -> String {
        guard case .text(let range) = token else { throw broken }
        scratch.removeAll(keepingCapacity: true)
        reader.append(range, to: &scratch)
        return String(decoding: scratch, as: UTF8.self)
    }

    private mutating func blob() throws(WireError) -> [UInt8] {
        guard case .text(let range) = try reader.next() else { throw broken }
        var data: [UInt8] = []
        do throws(Base64.Fault) {
            if range.isPlain {
                try Base64.decode(reader.written(range), appendingTo: &data)
            } else {
                scratch.removeAll(keepingCapacity: true)
                reader.append(range, to: &scratch)
                try Base64.decode(scratch.span, appendingTo: &data)
            }
        } catch {
            throw broken
        }
        return data
    }

    private mutating func sequenceNumber(_ token: Token) throws(WireError) -> SequenceNumber {
        guard case .text(let range) = token, range.isPlain,
            let number = SequenceNumber(decimal: reader.written(range))
        else { throw broken }
        return number
    }

    private mutating func integer() throws(WireError) -> Int64 {
        guard case .integer(let number) = try reader.next() else { throw broken }
        return number
    }

    /// Seconds with a fraction, as milliseconds.
    private mutating func milliseconds() throws(WireError) -> Int64 {
        switch try reader.next() {
        case .integer(let seconds):
            return seconds.multipliedReportingOverflow(by: 1000).partialValue
        case .decimal(let seconds):
            guard let value = Int64(exactly: (seconds * 1000).rounded()) else { throw broken }
            return value
        default: throw broken
        }
    }
}
