/// Request methods (RFC 9110 §9); those that the gateway answers have names of their own.
public enum Method: Sendable, Equatable {
    case get, head, post, options, other
}

/// Method, target and fields of one request, in one arena that is reused with its exchange.
///
/// Names are in lower case. Spans are lent: they are valid until the exchange is closed and the
/// last reference to this head is gone. A head is complete when the handler sees it and does not
/// change afterwards.
@safe public final class RequestHead {
    /// One field: where its name starts, followed by its value at `valueStart`.
    struct Entry {
        var nameStart: UInt32
        var valueStart: UInt32
        var valueCount: UInt32
        var nameCount: UInt32
    }

    public var method: Method { verb }

    /// The declared length of the body; nil if none was declared.
    public var contentLength: Int? { declaredLength >= 0 ? declaredLength : nil }

    /// Number of fields, pseudo-fields of HTTP/2 not counted.
    public var fieldCount: Int { entryCount }

    // Stored properties are not public, so that using them carries no exclusivity checks.
    private var verb = Method.other
    var declaredLength = -1
    private var entryCount = 0
    /// The head exceeds a bound and is not kept further.
    var isTooLarge = false

    // The three allocations are owned here. Once a head is complete they stand until deinit, so that
    // a span that someone still holds points to bytes, whatever becomes of the exchange.
    private(set) var base: UnsafeMutablePointer<UInt8>
    private(set) var count = 0
    private var capacity: Int
    private let entries: UnsafeMutablePointer<Entry>
    // For each FieldName the index of its first field plus one, 0 for none.
    private let known: UnsafeMutablePointer<UInt8>

    private var pathStart = 0
    private var pathCount = 0
    private var authorityStart = 0
    private var authorityCount = 0
    private var methodStart = 0
    private var methodCount = 0

    private static let initialCapacity = 2_048

    init() {
        capacity = RequestHead.initialCapacity
        unsafe base = .allocate(capacity: capacity)
        unsafe entries = .allocate(capacity: Limits.fields)
        unsafe known = .allocate(capacity: FieldName.allCases.count)
        unsafe known.initialize(repeating: 0, count: FieldName.allCases.count)
    }

    deinit {
        unsafe base.deallocate()
        unsafe entries.deallocate()
        unsafe known.deallocate()
    }

    // MARK: Reading

    /// The value of the first field with this name; O(1).
    @_lifetime(borrow self)
    public func field(_ name: FieldName) -> Span<UInt8>? {
        let index = unsafe Int(known[Int(name.rawValue)])
        guard index > 0 else { return nil }
        return value(index - 1)
    }

    /// The value of the first field with this lower-case name; O(fields).
    @_lifetime(borrow self)
    public func first(_ lowercasedName: StaticString) -> Span<UInt8>? {
        let wanted = lowercasedName.utf8CodeUnitCount
        for i in 0..<fieldCount {
            let entry = unsafe entries[i]
            if Int(entry.nameCount) == wanted,
                unsafe equal(base + Int(entry.nameStart), lowercasedName, wanted)
            {
                return value(i)
            }
        }
        return nil
    }

    /// The name of the field at `index`, in the order of arrival.
    @_lifetime(borrow self)
    public func name(_ index: Int) -> Span<UInt8> {
        precondition(index >= 0 && index < fieldCount)
        let entry = unsafe entries[index]
        return lend(Int(entry.nameStart), Int(entry.nameCount))
    }

    /// The value of the field at `index`, without surrounding white space.
    @_lifetime(borrow self)
    public func value(_ index: Int) -> Span<UInt8> {
        precondition(index >= 0 && index < fieldCount)
        let entry = unsafe entries[index]
        return lend(Int(entry.valueStart), Int(entry.valueCount))
    }

    /// Whether the client waits for a 100 before it sends the body (RFC 9110 §10.1.1).
    public var expectsContinue: Bool {
        guard let value = field(.expect), value.count == 12 else { return false }
        let wanted: StaticString = "100-continue"
        for i in 0..<12 where unsafe value[i] | 0x20 != wanted.utf8Start[i] | 0x20 { return false }
        return true
    }

    /// Visits every field in the order of arrival.
    public func forEach(_ body: (_ name: Span<UInt8>, _ value: Span<UInt8>) -> Void) {
        for i in 0..<fieldCount { body(name(i), value(i)) }
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
        entryCount = 0
        verb = .other
        declaredLength = -1
        isTooLarge = false
        pathCount = 0
        authorityCount = 0
        methodCount = 0
        unsafe known.update(repeating: 0, count: FieldName.allCases.count)
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

    /// Registers bytes of the arena as a field; the name is in lower case. False at the bound.
    func addField(
        nameStart: Int, nameCount: Int, valueStart: Int, valueCount: Int
    ) -> FieldName?? {
        guard entryCount < Limits.fields else { return .none }
        unsafe entries[entryCount] = Entry(
            nameStart: UInt32(nameStart), valueStart: UInt32(valueStart),
            valueCount: UInt32(valueCount), nameCount: UInt32(nameCount))
        entryCount += 1
        guard let name = unsafe FieldName.recognise(base + nameStart, nameCount) else {
            return .some(nil)
        }
        if unsafe known[Int(name.rawValue)] == 0 {
            unsafe known[Int(name.rawValue)] = UInt8(entryCount)
        }
        return .some(name)
    }

    /// Stores a field; the name is in lower case. Nil at the bound, else what it was recognised as.
    func add(
        _ name: UnsafePointer<UInt8>, _ nameCount: Int, _ value: UnsafePointer<UInt8>,
        _ valueCount: Int
    ) -> FieldName?? {
        let nameStart = unsafe store(name, nameCount)
        let valueStart = unsafe store(value, valueCount)
        return addField(
            nameStart: nameStart, nameCount: nameCount, valueStart: valueStart,
            valueCount: valueCount)
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
        case 7: verb = unsafe equal(text, "OPTIONS", 7) ? .options : .other
        default: verb = .other
        }
    }

    func setPath(_ start: Int, _ count: Int) { (pathStart, pathCount) = (start, count) }

    func setAuthority(_ start: Int, _ count: Int) {
        (authorityStart, authorityCount) = (start, count)
    }
}
