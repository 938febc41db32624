/// The bytes that HTTP/1.1 writes around bodies, and the place of the current `produce`.
@safe final class HTTP1Output {
    // The caller's output, set only between `begin` and `end`.
    private var at: UnsafeMutablePointer<UInt8>?
    private(set) var free = 0

    // Heads and chunk framing that wait for output.
    private var queued: [UInt8] = []
    private var queuedStart = 0

    /// Whether the response in hand is chunked.
    var chunked = false
    /// Bytes of the open chunk that are not yet written.
    private(set) var chunkRemaining = 0

    var hasQueue: Bool { queuedStart < queued.count }

    func begin(_ start: UnsafeMutablePointer<UInt8>, _ capacity: Int) {
        unsafe at = start
        free = capacity
    }

    /// Says how much room was left.
    func end() -> Int {
        defer { free = 0 }
        unsafe at = nil
        return free
    }

    /// Writes what waits; true if there was something.
    func flushQueue() -> Bool {
        guard queuedStart < queued.count else { return false }
        queuedStart += write(queued, from: queuedStart, atMost: queued.count)
        if queuedStart == queued.count {
            queued.removeAll(keepingCapacity: true)
            queuedStart = 0
        }
        return true
    }

    /// Copies from `bytes` what fits, and says how much.
    func write(_ bytes: [UInt8], from offset: Int, atMost limit: Int) -> Int {
        guard let place = unsafe at else { return 0 }
        let n = min(free, bytes.count - offset, limit)
        unsafe bytes.withUnsafeBufferPointer {
            guard n > 0, let base = $0.baseAddress else { return }
            unsafe place.update(from: base + offset, count: n)
        }
        unsafe at = place + n
        free -= n
        return n
    }

    // MARK: Framing

    func queue(_ text: StaticString) {
        unsafe queued.append(
            contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    func beginChunk(_ count: Int) {
        chunkRemaining = count
        guard chunked else { return }
        let digits = (64 - count.leadingZeroBitCount + 3) / 4
        for i in (0..<digits).reversed() {
            let digit = UInt8(truncatingIfNeeded: count >> (4 * i)) & 15
            queued.append(digit < 10 ? 0x30 + digit : 0x57 + digit)
        }
        queue("\r\n")
    }

    func chunkAdvanced(_ count: Int) {
        chunkRemaining -= count
        if chunkRemaining == 0, chunked { queue("\r\n") }
    }

    func queueHead(_ head: ResponseHead, contentLength: Int?, chunked: Bool, closes: Bool) {
        var lines = queued
        queued = []
        lines.reserveCapacity(lines.count + head.fields.storage.count + 160)
        statusLine(head.status, &lines)
        head.fields.forEach { name, value in
            append(name, to: &lines)
            lines.append(0x3a)
            lines.append(0x20)
            append(value, to: &lines)
            lines.append(0x0d)
            lines.append(0x0a)
        }
        if let contentLength {
            append("content-length: ", to: &lines)
            number(contentLength, &lines)
            append("\r\n", to: &lines)
        }
        if chunked { append("transfer-encoding: chunked\r\n", to: &lines) }
        if closes { append("connection: close\r\n", to: &lines) }
        append("\r\n", to: &lines)
        queued = lines
        chunkRemaining = 0
    }

    /// A whole response for a request that no handler sees.
    func queueRefusal(_ head: ResponseHead, _ text: StaticString? = nil) {
        let text = text ?? HTTP1Output.explanation(head.status)
        var head = head
        head.fields.append("content-type", "text/plain")
        queueHead(head, contentLength: text.utf8CodeUnitCount, chunked: false, closes: true)
        queue(text)
    }

    /// Takes what waits, for an owner that writes it without a session.
    func takeQueue() -> [UInt8] {
        let taken = queued
        queued = []
        return taken
    }

    private func statusLine(_ status: Int, _ lines: inout [UInt8]) {
        append("HTTP/1.1 ", to: &lines)
        number(status, &lines)
        lines.append(0x20)
        append(HTTP1Output.reason(status), to: &lines)
        append("\r\n", to: &lines)
    }

    private func append(_ text: StaticString, to lines: inout [UInt8]) {
        unsafe lines.append(
            contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    private func append(_ bytes: Span<UInt8>, to lines: inout [UInt8]) {
        unsafe bytes.withUnsafeBufferPointer { unsafe lines.append(contentsOf: $0) }
    }

    private func number(_ value: Int, _ lines: inout [UInt8]) {
        lines.append(addingCapacity: 20) { output in
            unsafe output.withUnsafeMutableBufferPointer { buffer, initialized in
                guard let base = buffer.baseAddress else { return }
                initialized += unsafe Decimal.write(value, to: base + initialized)
            }
        }
    }

    /// Reason phrases (RFC 9110 §15); clients ignore them, people reading traces do not.
    private static func reason(_ status: Int) -> StaticString {
        switch status {
        case 200: "OK"
        case 204: "No Content"
        case 304: "Not Modified"
        case 400: "Bad Request"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 417: "Expectation Failed"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 503: "Service Unavailable"
        default: ""
        }
    }

    private static func explanation(_ status: Int) -> StaticString {
        switch status {
        case 408: "The request did not arrive in time.\n"
        case 414: "The request line is longer than 8 KiB.\n"
        case 431: "The request has more than 100 header fields or 64 KiB of them.\n"
        default: "The request is not valid HTTP/1.1.\n"
        }
    }
}
