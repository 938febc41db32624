internal import CNGHTTP2

extension FieldList {
    /// Describes this list, whose bytes were copied to `arena`, in `table` from `count` on.
    ///
    /// nghttp2 reads name and value where they stand until the HEADERS frame is sent, so the arena
    /// belongs to the exchange or call that lives as long as its stream.
    func describe(
        at arena: UnsafeMutablePointer<UInt8>, in table: UnsafeMutablePointer<nghttp2_nv>,
        from count: inout Int
    ) {
        var at = 0
        let end = storage.count
        while at < end {
            let nameCount = unsafe Int(arena[at + 1])
            let valueCount = unsafe Int(arena[at + 2]) + Int(arena[at + 3]) << 8
            let name = unsafe arena + at + FieldList.headerBytes
            unsafe table[count] = nghttp2_nv(
                name: name, value: name + nameCount, namelen: nameCount, valuelen: valueCount,
                flags: arena[at] & FieldList.neverIndexed != 0
                    ? NG.heldInPlaceNeverIndexed : NG.heldInPlace)
            count += 1
            at += FieldList.headerBytes + nameCount + valueCount
        }
    }
}

/// A field whose name is a literal, which lives as long as the process.
func named(
    _ name: StaticString, _ value: UnsafeMutablePointer<UInt8>, _ count: Int
) -> nghttp2_nv {
    unsafe nghttp2_nv(
        name: UnsafeMutablePointer(mutating: name.utf8Start), value: value,
        namelen: name.utf8CodeUnitCount, valuelen: count, flags: NG.heldInPlace)
}

/// A field of which both are literals.
func fixed(_ name: StaticString, _ value: StaticString) -> nghttp2_nv {
    unsafe named(
        name, UnsafeMutablePointer(mutating: value.utf8Start), value.utf8CodeUnitCount)
}
