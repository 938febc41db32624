/// Where a record of a put stands in the request's arena.
struct RecordBytes: Sendable {
    // A request body is far below 4 GiB, and five hundred of these are made for a PutRecords.
    private let keyStart: UInt32
    private let keyEnd: UInt32
    private let dataStart: UInt32
    private let dataEnd: UInt32

    init(key: Slot, data: Slot) {
        keyStart = UInt32(key.first)
        keyEnd = UInt32(key.second)
        dataStart = UInt32(data.first)
        dataEnd = UInt32(data.second)
    }

    var keyRange: Range<Int> { Int(keyStart)..<Int(keyEnd) }
    var dataRange: Range<Int> { Int(dataStart)..<Int(dataEnd) }
    /// What the service counts as the record's size.
    var count: Int { keyRange.count + dataRange.count }

    /// The number of bytes to name in the error about a record above `limitBytes`: the data's if
    /// they are too many by themselves, else data and key together.
    func blamed(limitBytes: Int) -> Int {
        dataRange.count > limitBytes ? dataRange.count : count
    }
}

/// The value of an ExplicitHashKey, which the model lets be larger than the ring.
func explicitKey(_ slot: Slot, _ fields: Fields) throws(ServiceError) -> UInt128? {
    guard slot.isPresent else { return nil }
    guard let key = hashKey(fromDecimal: fields.arena.span.extracting(slot.range)) else {
        throw .explicitHashKeyOutOfRange(fields.string(slot))
    }
    return key
}
