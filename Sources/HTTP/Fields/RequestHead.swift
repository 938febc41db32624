/// Request methods (RFC 9110 §9); those that the gateway answers have names of their own.
public enum Method: Sendable, Equatable {
    case get, head, post, options, connect, other
}

/// Method, target and the fields that somebody asks for of one request, in one arena that is reused
/// with its exchange.
///
/// Of each ``FieldName`` the first is kept; other fields are counted and not kept. A field that
/// costs its peer one byte on the wire (RFC 7541 §6.1) therefore costs memory once a request, not
/// once a repetition, and what the peer's compression table holds bounds it: 4 KiB.
///
/// Spans are lent: they are valid until the exchange is closed and the last reference to this head
/// is gone. A head is complete when the handler sees it and does not change afterwards.
@safe public final class RequestHead {
    /// Where a value lies in the arena; the count of one that is not there is `absent`.
    struct Place {
        var start: UInt32
        var count: UInt32
    }

    public var method: Method { verb }

    /// The declared length of the body; nil if none was declared.
    public var contentLength: Int? { declaredLength >= 0 ? declaredLength : nil }

    /// Bytes that the head takes in memory.
    public var heldBytes: Int { capacity }

    // Stored properties are not public, so that using them carries no exclusivity checks.
    private var verb = Method.other
    var declaredLength = -1
    /// Fields and bytes that have arrived, kept or not.
    var seenFields = 0
    var seenBytes = 0
    /// The head exceeds a bound and is not kept further.
    var isTooLarge = false

    // Both allocations are owned here. Once a head is complete they stand until deinit, so that a
    // span that someone still holds points to bytes, whatever becomes of the exchange.
    private(set) var base: UnsafeMutablePointer<UInt8>
    private(set) var count = 0
    private var capacity: Int
    // For each FieldName the place of its first field.
    private let places: UnsafeMutablePointer<Place>

    private var pathStart = 0
    private var pathCount = 0
    private var authorityStart = 0
    private var authorityCount = 0
    private var methodStart = 0
    private var methodCount = 0

    private static let initialCapacity = 1_024
    private static let absent = UInt32.max

    init() {
        capacity = RequestHead.initialCapacity
        unsafe base = .allocate(capacity: capacity)
        unsafe places = .allocate(capacity: FieldName.allCases.count)
        forgetFields()
    }

    deinit {
        unsafe base.deallocate()
        unsafe places.deallocate()
    }

    // MARK: Reading

    /// The value of the first field with this name, without surrounding white space; O(1).
    @_lifetime(borrow self)
    public func field(_ name: FieldName) -> Span<UInt8>? {
        let place = unsafe places[Int(name.rawValue)]
        guard place.count != RequestHead.absent else { return nil }
        return lend(Int(place.start), Int(place.count))
    }

    /// Whether the client waits for a 100 before it sends the body (RFC 9110 §10.1.1).
    public var expectsContinue: Bool {
        guard let value = field(.expect), value.count == 12 else { return false }
        let wanted: StaticString = "100-continue"
        for i in 0..<12 where unsafe value[i] | 0x20 != wanted.utf8Start[i] | 0x20 { return false }
        return true
    }

    /// Visits every field that was kept.
    public func forEach(_ body: (_ name: FieldName, _ value: Span<UInt8>) -> Void) {
        for name in FieldName.allCases {
            if let value = field(name) { body(name, value) }
        }
    }

    /// The request target as sent: a path with its query, `*`, or an absolute URI on HTTP/1.1.
    public var path: Span<UInt8> {
        @_lifetime(borrow self) get { lend(pathStart, pathCount) }
    }

    /// `:authority` of HTTP/2 or the Host field of HTTP/1.1; empty if neither was sent.
    public var authority: Span<UInt8> {
        @_lifetime(borrow self) get {
            if authorityCount == 0, let host = field(.host) { return host }
            return lend(authorityStart, authorityCount)
        }
    }

    /// The method as sent.
    public var methodName: Span<UInt8> {
        @_lifetime(borrow self) get { lend(methodStart, methodCount) }
    }

    // The arena lives as long as this object, which the span borrows, and does not move once the
    // head is complete.
    @_lifetime(borrow self)
    private func lend(_ start: Int, _ count: Int) -> Span<UInt8> {
        let span = unsafe Span(_unsafeStart: base + start, count: count)
        return unsafe _overrideLifetime(span, borrowing: self)
    }
}

// MARK: - Building, by a session

extension RequestHead {
    /// Whether the arena is small enough to be kept for another request.
    var isWorthKeeping: Bool { capacity <= Limits.pooledArenaBytes }

    /// Makes the head empty.
    func clear() {
        count = 0
        seenFields = 0
        seenBytes = 0
        verb = .other
        declaredLength = -1
        isTooLarge = false
        pathCount = 0
        authorityCount = 0
        methodCount = 0
        forgetFields()
    }

    private func forgetFields() {
        unsafe places.update(
            repeating: Place(start: 0, count: RequestHead.absent), count: FieldName.allCases.count)
    }

    /// Copies bytes to the end of the arena and says where they start. The caller keeps the bound.
    @discardableResult
    func store(_ bytes: UnsafePointer<UInt8>, _ length: Int) -> Int {
        if count + length > capacity { grow(count + length) }
        unsafe (base + count).update(from: bytes, count: length)
        let start = count
        count += length
        return start
    }

    private func grow(_ least: Int) {
        let larger = max(least, 2 * capacity)
        let new = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
        unsafe new.update(from: base, count: count)
        unsafe base.deallocate()
        unsafe base = new
        capacity = larger
    }

    /// Counts a field of the arena and keeps it if it is a known one; the name is in lower case.
    /// The outer nil says that there are too many.
    func addField(
        nameStart: Int, nameCount: Int, valueStart: Int, valueCount: Int
    ) -> FieldName?? {
        seenFields += 1
        guard seenFields <= Limits.fields else { return .none }
        guard let name = unsafe FieldName.recognise(base + nameStart, nameCount) else {
            return .some(nil)
        }
        if unsafe places[Int(name.rawValue)].count == RequestHead.absent {
            keep(name, valueStart, valueCount)
        }
        return .some(name)
    }

    /// Counts a field and stores its value if it is a known one; the name is in lower case. The
    /// outer nil says that there are too many. The caller keeps the bound on bytes.
    func add(
        _ name: UnsafePointer<UInt8>, _ nameCount: Int, _ value: UnsafePointer<UInt8>,
        _ valueCount: Int
    ) -> FieldName?? {
        seenFields += 1
        guard seenFields <= Limits.fields else { return .none }
        guard let known = unsafe FieldName.recognise(name, nameCount) else { return .some(nil) }
        if unsafe places[Int(known.rawValue)].count == RequestHead.absent {
            keep(known, unsafe store(value, valueCount), valueCount)
        }
        return .some(known)
    }

    private func keep(_ name: FieldName, _ start: Int, _ count: Int) {
        unsafe places[Int(name.rawValue)] = Place(start: UInt32(start), count: UInt32(count))
    }

    func setMethod(_ start: Int, _ count: Int) {
        (methodStart, methodCount) = (start, count)
        let text = unsafe base + start
        switch count {
        case 4:
            verb =
                unsafe equal(text, "POST", 4)
                ? .post : unsafe equal(text, "HEAD", 4) ? .head : .other
        case 3: verb = unsafe equal(text, "GET", 3) ? .get : .other
        case 7:
            verb =
                unsafe equal(text, "OPTIONS", 7)
                ? .options : unsafe equal(text, "CONNECT", 7) ? .connect : .other
        default: verb = .other
        }
    }

    func setPath(_ start: Int, _ count: Int) { (pathStart, pathCount) = (start, count) }

    func setAuthority(_ start: Int, _ count: Int) {
        (authorityStart, authorityCount) = (start, count)
    }
}
