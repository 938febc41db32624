internal import Glibc

/// Pieces of memory that are written one after the other with one call.
///
/// The pieces are lent for the duration of the call that takes the list.
@safe public struct Gather: ~Copyable {
    var pieces: [iovec]
    public private(set) var byteCount: Int

    init() {
        unsafe pieces = []
        byteCount = 0
    }
}
