// The log's bytes are little-endian. Loads and stores of whole integers are here and nowhere else.

extension Span where Element == UInt8 {
    /// The integer at `offset`; out of bounds is a bug and traps.
    @inline(always)
    func load<Value: FixedWidthInteger & BitwiseCopyable>(
        _ offset: Int, as type: Value.Type
    ) -> Value {
        // Any bit pattern is a valid integer, and the load checks its bounds.
        Value(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: type))
    }
}

/// Bytes that grow at the end.
struct ByteWriter {
    private(set) var bytes: [UInt8] = []

    var count: Int { bytes.count }

    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
    }

    mutating func append<Value: FixedWidthInteger & BitwiseCopyable>(_ value: Value) {
        // The bytes of the integer are copied before the closure returns.
        unsafe withUnsafeBytes(of: value.littleEndian) { unsafe bytes.append(contentsOf: $0) }
    }

    mutating func append(_ more: [UInt8]) {
        bytes.append(contentsOf: more)
    }

    mutating func append(zeros count: Int) {
        bytes.append(contentsOf: repeatElement(0, count: count))
    }

    mutating func replace(_ value: UInt32, at offset: Int) {
        for byte in 0..<4 {
            bytes[offset + byte] = UInt8(truncatingIfNeeded: value >> (8 * UInt32(byte)))
        }
    }
}

extension [UInt8] {
    mutating func append(copying span: Span<UInt8>) {
        // Read inside the call only.
        unsafe span.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
    }
}

/// The least multiple of `unit`, a power of two, that is not below `value`.
func roundedUp(_ value: Int, to unit: Int) -> Int {
    (value + unit - 1) & ~(unit - 1)
}

func roundedUp(_ value: UInt64, to unit: UInt64) -> UInt64 {
    (value + unit - 1) & ~(unit - 1)
}
