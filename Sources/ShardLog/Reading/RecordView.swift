/// A record in the mapped log, valid inside the call that it was lent to.
public struct RecordView: ~Copyable, ~Escapable {
    /// The whole record.
    private let bytes: Span<UInt8>
    /// Where the record starts.
    public let position: Position
    public let index: UInt64
    /// Milliseconds since 1970; never decreasing within a shard.
    public let arrivalMilliseconds: Int64
    private let keyLength: Int
    private let dataLength: Int

    /// - Parameter bytes: a verified record.
    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>, _ header: Record.Header, position: Position) {
        self.bytes = bytes
        self.position = position
        index = header.index
        arrivalMilliseconds = header.arrivalMilliseconds
        keyLength = header.keyLength
        dataLength = header.dataLength
    }

    /// Where the next record starts.
    public var next: Position {
        Position(offset: position.offset + UInt64(bytes.count))
    }

    public var hashKey: UInt128 {
        bytes.load(32, as: UInt128.self)
    }

    public var partitionKey: Span<UInt8> {
        @_lifetime(copy self)
        get { bytes.extracting(Record.headerBytes..<Record.headerBytes + keyLength) }
    }

    public var data: Span<UInt8> {
        @_lifetime(copy self)
        get {
            let start = Record.headerBytes + keyLength
            return bytes.extracting(start..<start + dataLength)
        }
    }
}
