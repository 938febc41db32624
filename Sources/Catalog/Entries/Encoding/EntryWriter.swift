/// Writes the bytes of control entries and snapshots: variable-length integers, 128-bit hash keys
/// in network order, and texts behind their length.
struct EntryWriter {
    private(set) var bytes: [UInt8] = []

    mutating func byte(_ value: UInt8) {
        bytes.append(value)
    }

    /// Seven bits a byte, least significant first, the high bit set on all but the last.
    mutating func integer(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    mutating func integer(_ value: Int) {
        integer(UInt64(value))
    }

    mutating func hashKey(_ value: UInt128) {
        for shift in stride(from: 120, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> UInt128(shift)))
        }
    }

    mutating func text(_ value: String) {
        let utf8 = value.utf8
        integer(utf8.count)
        bytes.append(contentsOf: utf8)
    }
}
