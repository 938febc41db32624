/// A whole batch, verified.
struct Batch {
    var header: BatchHeader
    var extents: [Extent]
    var controls: [ControlEntry]
    /// Where the records start, from the batch's first byte.
    var recordsOffset: Int

    /// Why a batch is not what was written.
    enum Fault: Error {
        /// No head that is whole and right.
        case head
        /// The head is right, and what it says of its contents is not so, at this offset.
        case contents(Int)

        /// Where, from the batch's first byte.
        var offset: Int {
            if case .contents(let inside) = self { inside } else { 0 }
        }
    }

    /// Reads the batch at the start of the span and verifies it.
    /// - Parameter durableThrough: records of batches up to this number are durable in their
    ///   segments and not verified here.
    init(_ span: Span<UInt8>, recordsDurableThrough durableThrough: UInt64 = 0) throws(Fault) {
        guard let header = BatchHeader(span) else { throw .head }
        guard header.recordBytes <= UInt64(span.count - header.headBytes) else {
            throw .contents(header.headBytes)
        }
        self.header = header
        recordsOffset = header.headBytes
        extents = []
        for number in 0..<Int(header.extentCount) {
            let start = BatchHeader.bytes + number * Extent.bytes
            extents.append(Extent(span.extracting(start..<start + Extent.bytes)))
        }
        controls = []
        var offset = BatchHeader.bytes + extents.count * Extent.bytes
        for _ in 0..<header.controlCount {
            guard
                let entry = ControlEntry(
                    span.extracting(0..<recordsOffset), offset: &offset)
            else { throw .contents(offset) }
            controls.append(entry)
        }
        guard offset == recordsOffset else { throw .contents(offset) }
        if header.number > durableThrough { try verifyRecords(span) }
    }

    private func verifyRecords(_ span: Span<UInt8>) throws(Fault) {
        var known: [UInt64: (bytes: UInt64, records: UInt32)] = [:]
        for extent in extents { known[extent.shard] = (0, 0) }
        var offset = recordsOffset
        let end = header.totalBytes
        var sum: UInt32 = 0
        var count: UInt32 = 0
        while offset < end {
            let rest = span.extracting(offset..<end)
            guard rest.count >= Record.headerBytes else { throw .contents(offset) }
            let record = Record.Header(rest)
            guard Record.fault(rest, shard: record.shard) == nil, var so = known[record.shard]
            else { throw .contents(offset) }
            so.bytes += UInt64(record.length)
            so.records += 1
            known[record.shard] = so
            sum = crc32c(sum, rest.extracting(4..<8))
            count += 1
            offset += record.length
        }
        guard offset == end, sum == header.recordsChecksum, count == header.recordCount else {
            throw .contents(recordsOffset)
        }
        for extent in extents {
            guard let so = known[extent.shard], so.bytes == extent.byteCount,
                so.records == extent.recordCount
            else { throw .contents(recordsOffset) }
        }
    }
}
