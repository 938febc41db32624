/// Reads what `EntryWriter` writes, and refuses everything else as a value.
///
/// Each number has one encoding: one that could be shorter is refused, so that equal states have
/// equal bytes.
struct EntryReader {
    private let bytes: [UInt8]
    private(set) var offset = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    var remaining: Int { bytes.count - offset }

    mutating func byte() throws(CatalogError) -> UInt8 {
        guard offset < bytes.count else { throw CatalogError(.truncated, offset: offset) }
        defer { offset += 1 }
        return bytes[offset]
    }

    mutating func integer() throws(CatalogError) -> UInt64 {
        let start = offset
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let next = try byte()
            let bits = UInt64(next & 0x7f)
            guard shift < 63 || bits <= 1 else {
                throw CatalogError(.malformed("an integer above 64 bits"), offset: start)
            }
            value |= bits << shift
            if next & 0x80 == 0 {
                guard next != 0 || shift == 0 else {
                    throw CatalogError(.malformed("an integer longer than needed"), offset: start)
                }
                return value
            }
            shift += 7
            guard shift <= 63 else {
                throw CatalogError(.malformed("an integer above 64 bits"), offset: start)
            }
        }
    }

    /// An integer of at most `limit`.
    mutating func integer(atMost limit: UInt64) throws(CatalogError) -> UInt64 {
        let start = offset
        let value = try integer()
        guard value <= limit else {
            throw CatalogError(.malformed("\(value) where at most \(limit) can be"), offset: start)
        }
        return value
    }

    /// The number of elements that follow, each of at least `size` bytes: a count that the rest
    /// cannot hold is refused before anything is reserved for it.
    mutating func count(ofAtLeast size: Int) throws(CatalogError) -> Int {
        let start = offset
        let value = try integer()
        guard value <= UInt64(remaining / size) else {
            throw CatalogError(.truncated, offset: start)
        }
        return Int(value)
    }

    mutating func hashKey() throws(CatalogError) -> UInt128 {
        var value: UInt128 = 0
        for _ in 0..<16 { value = value << 8 | UInt128(try byte()) }
        return value
    }

    mutating func text() throws(CatalogError) -> String {
        let length = try count(ofAtLeast: 1)
        let start = offset
        offset += length
        guard let text = String(validating: bytes[start..<offset], as: UTF8.self) else {
            throw CatalogError(.malformed("a text that is not UTF-8"), offset: start)
        }
        return text
    }

    /// Nothing may follow.
    func end() throws(CatalogError) {
        guard offset == bytes.count else {
            throw CatalogError(.malformed("bytes after the end"), offset: offset)
        }
    }
}
