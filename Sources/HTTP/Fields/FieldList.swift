/// Names and values of a head that is to be sent, in one byte array.
///
/// Each field is a record: flags, length of the name, length of the value (two bytes,
/// little-endian), name, value. Copying a list that holds what every response has in common and
/// appending the rest is one allocation.
public struct FieldList: Sendable {
    static let headerBytes = 4
    /// The flag of a field that must not enter the peer's HPACK table.
    static let neverIndexed: UInt8 = 1

    private(set) var storage: [UInt8] = []
    public private(set) var count = 0

    public init(capacity: Int = 384) { storage.reserveCapacity(capacity) }

    /// Appends a field. `name` is in lower case (RFC 9113 §8.2.1), at most 255 bytes; the value is
    /// at most 65,535 bytes, and CR, LF and NUL in it become spaces (RFC 9110 §5.5).
    /// `varies` keeps a value that differs each time out of the HPACK table (RFC 7541 §6.2.2).
    public mutating func append(_ name: StaticString, _ value: Span<UInt8>, varies: Bool = false) {
        unsafe value.withUnsafeBufferPointer {
            unsafe append(name.utf8Start, name.utf8CodeUnitCount, $0, varies)
        }
    }

    public mutating func append(_ name: StaticString, _ value: StaticString) {
        unsafe append(
            name.utf8Start, name.utf8CodeUnitCount,
            UnsafeBufferPointer(start: value.utf8Start, count: value.utf8CodeUnitCount), false)
    }

    public mutating func append(_ name: StaticString, _ value: String, varies: Bool = false) {
        var value = value
        value.withUTF8 {
            unsafe append(name.utf8Start, name.utf8CodeUnitCount, $0, varies)
        }
    }

    public mutating func append(name: Span<UInt8>, value: Span<UInt8>, varies: Bool = false) {
        unsafe name.withUnsafeBufferPointer { name in
            unsafe value.withUnsafeBufferPointer { value in
                guard let start = name.baseAddress else { return }
                unsafe append(start, name.count, value, varies)
            }
        }
    }

    private mutating func append(
        _ name: UnsafePointer<UInt8>, _ nameCount: Int, _ value: UnsafeBufferPointer<UInt8>,
        _ varies: Bool
    ) {
        precondition(nameCount > 0 && nameCount <= 255 && value.count <= 65_535)
        precondition(count < Limits.responseFields)
        count += 1
        let total = FieldList.headerBytes + nameCount + value.count
        storage.append(addingCapacity: total) { output in
            unsafe output.withUnsafeMutableBufferPointer { buffer, initialized in
                guard let base = buffer.baseAddress else { return }
                let at = unsafe base + initialized
                unsafe at[0] = varies ? FieldList.neverIndexed : 0
                unsafe at[1] = UInt8(nameCount)
                unsafe at[2] = UInt8(truncatingIfNeeded: value.count)
                unsafe at[3] = UInt8(truncatingIfNeeded: value.count >> 8)
                unsafe (at + FieldList.headerBytes).update(from: name, count: nameCount)
                let place = unsafe at + FieldList.headerBytes + nameCount
                if let from = value.baseAddress {
                    unsafe place.update(from: from, count: value.count)
                }
                var least = UInt8.max
                for i in 0..<value.count { least = unsafe min(least, place[i]) }
                if least < 0x20 { unsafe FieldList.blankLineEnds(place, value.count) }
                initialized += total
            }
        }
    }

    private static func blankLineEnds(_ value: UnsafeMutablePointer<UInt8>, _ count: Int) {
        for i in 0..<count where unsafe value[i] == 0x0d || value[i] == 0x0a || value[i] == 0 {
            unsafe value[i] = 0x20
        }
    }

    /// A place in the list to come back to.
    public struct Mark: Sendable {
        fileprivate var bytes: Int
        fileprivate var count: Int
    }

    /// The end of the list as it is now.
    public var mark: Mark { Mark(bytes: storage.count, count: count) }

    /// Removes what was appended behind `mark` and keeps the memory: whoever keeps one list, appends
    /// what differs, responds and goes back to the mark, allocates nothing.
    public mutating func truncate(to mark: Mark) {
        precondition(mark.bytes <= storage.count && mark.count <= count)
        storage.removeLast(storage.count - mark.bytes)
        count = mark.count
    }

    /// The value of the first field with this lower-case name; O(bytes).
    public func first(_ lowercasedName: StaticString) -> [UInt8]? {
        var found: [UInt8]?
        forEach { name, value in
            guard found == nil, name.count == lowercasedName.utf8CodeUnitCount else { return }
            for i in 0..<name.count where unsafe name[i] != lowercasedName.utf8Start[i] { return }
            found = [UInt8](copying: value)
        }
        return found
    }

    /// Visits every field in order.
    public func forEach(_ body: (_ name: Span<UInt8>, _ value: Span<UInt8>) -> Void) {
        let bytes = storage.span
        var at = 0
        while at < bytes.count {
            let nameStart = at + FieldList.headerBytes
            let valueStart = nameStart + Int(bytes[at + 1])
            let end = valueStart + Int(bytes[at + 2]) + Int(bytes[at + 3]) << 8
            body(bytes.extracting(nameStart..<valueStart), bytes.extracting(valueStart..<end))
            at = end
        }
    }
}

extension [UInt8] {
    /// The bytes of a span as an array.
    init(copying span: Span<UInt8>) {
        self = unsafe span.withUnsafeBufferPointer { unsafe [UInt8]($0) }
    }
}
