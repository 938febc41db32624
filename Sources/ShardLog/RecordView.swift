/// A record in the mapped log, valid inside the call that it was lent to.
@safe public struct RecordView: ~Copyable {
    let base: UnsafeRawPointer
    /// Where the record starts.
    public let position: Position
    /// Where the next one starts.
    public let next: Position

    @unsafe init(base: UnsafeRawPointer, position: Position, next: Position) {
        unsafe self.base = base
        self.position = position
        self.next = next
    }

    public var index: UInt64 { 0 }
    public var arrivalMilliseconds: Int64 { 0 }
    public var hashKey: UInt128 { 0 }

    public var partitionKey: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            let bytes = unsafe UnsafeBufferPointer<UInt8>(start: nil, count: 0)
            return unsafe _overrideLifetime(Span(_unsafeElements: bytes), borrowing: self)
        }
    }

    public var data: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            let bytes = unsafe UnsafeBufferPointer<UInt8>(start: nil, count: 0)
            return unsafe _overrideLifetime(Span(_unsafeElements: bytes), borrowing: self)
        }
    }
}
