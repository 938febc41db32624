// Numbers in network byte order, and copies between spans. Readers are checked and safe; writers
// are here because a store of several bytes at once needs `unsafe`, and this is where it is spelled.

extension Span where Element == UInt8 {
    /// Reads the two bytes at `offset`, which must be there.
    public func bigEndianUInt16(at offset: Int) -> UInt16 {
        UInt16(self[offset]) << 8 | UInt16(self[offset + 1])
    }

    /// Reads the four bytes at `offset`, which must be there.
    public func bigEndianUInt32(at offset: Int) -> UInt32 {
        UInt32(bigEndianUInt16(at: offset)) << 16 | UInt32(bigEndianUInt16(at: offset + 2))
    }

    /// Reads the eight bytes at `offset`, which must be there.
    public func bigEndianUInt64(at offset: Int) -> UInt64 {
        UInt64(bigEndianUInt32(at: offset)) << 32 | UInt64(bigEndianUInt32(at: offset + 4))
    }
}

extension OutputSpan where Element == UInt8 {
    /// Appends the two bytes of `value`, for which there must be room.
    public mutating func appendBigEndian(_ value: UInt16) {
        append(UInt8(truncatingIfNeeded: value >> 8))
        append(UInt8(truncatingIfNeeded: value))
    }

    /// Appends the four bytes of `value`, for which there must be room.
    public mutating func appendBigEndian(_ value: UInt32) {
        store(value.bigEndian)
    }

    /// Appends the eight bytes of `value`, for which there must be room.
    public mutating func appendBigEndian(_ value: UInt64) {
        store(value.bigEndian)
    }

    /// Appends all of `bytes`, for which there must be room.
    public mutating func append(copying bytes: Span<UInt8>) {
        precondition(bytes.count <= freeCapacity, "the output is too short")
        unsafe bytes.withUnsafeBytes { source in
            unsafe withUnsafeMutableBufferPointer { buffer, count in
                // The precondition left room for all of `source` behind the first `count` bytes.
                unsafe UnsafeMutableRawBufferPointer(
                    rebasing: UnsafeMutableRawBufferPointer(buffer)[count...]
                )
                .copyMemory(from: source)
                count += source.count
            }
        }
    }

    private mutating func store<Value: BitwiseCopyable>(_ value: Value) {
        let size = MemoryLayout<Value>.size
        precondition(size <= freeCapacity, "the output is too short")
        unsafe withUnsafeMutableBufferPointer { buffer, count in
            // The precondition left room for the value behind the first `count` bytes.
            unsafe UnsafeMutableRawBufferPointer(buffer)
                .storeBytes(of: value, toByteOffset: count, as: Value.self)
            count += size
        }
    }
}

extension [UInt8] {
    /// Appends the two bytes of `value`.
    public mutating func appendBigEndian(_ value: UInt16) {
        append(addingCapacity: 2) { $0.appendBigEndian(value) }
    }

    /// Appends the four bytes of `value`.
    public mutating func appendBigEndian(_ value: UInt32) {
        append(addingCapacity: 4) { $0.appendBigEndian(value) }
    }

    /// Appends the eight bytes of `value`.
    public mutating func appendBigEndian(_ value: UInt64) {
        append(addingCapacity: 8) { $0.appendBigEndian(value) }
    }

    /// Appends a copy of `bytes`.
    ///
    /// Of no bytes nothing is done: the library would store its count all the same, for an empty
    /// array into the storage that all empty arrays of the process share.
    public mutating func append(copying bytes: Span<UInt8>) {
        if bytes.isEmpty { return }
        append(addingCapacity: bytes.count) { $0.append(copying: bytes) }
    }

    /// Overwrites the four bytes at `offset`, which must be there, with those of `value`.
    public mutating func storeBigEndian(_ value: UInt32, at offset: Int) {
        for i in 0..<4 {
            self[offset + i] = UInt8(truncatingIfNeeded: value >> (24 - 8 * UInt32(i)))
        }
    }
}
