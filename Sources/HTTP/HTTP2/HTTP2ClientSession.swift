internal import CNGHTTP2

/// The client's side of one HTTP/2 connection: requests out, responses in.
///
/// The same rules hold as for a server's session: no I/O, one thread, `receive` and `produce` not
/// from within a receiver's methods, and `connectionLost` before the owner lets go of it.
@safe public final class HTTP2ClientSession {
    /// What the client announces, and how it returns credit.
    public struct Configuration: Sendable {
        /// Response bytes that a stream may have outstanding.
        public var streamWindowBytes: Int32 = 1 << 20
        /// The same for the connection; at least 65,535, with which HTTP/2 begins.
        public var connectionWindowBytes: Int32 = 16 << 20
        /// Whether credit goes back as soon as the receiver was called; otherwise the caller says
        /// `ClientCall.consumed`.
        public var returnsCreditAtOnce = true

        public init() {}
    }

    /// Called with a PING's number when its acknowledgement comes.
    public var onPing: ((UInt64) -> Void)?

    /// DATA payload received on all streams.
    public private(set) var receivedBodyBytes: UInt64 = 0

    /// The server said that it takes no more requests.
    public private(set) var isDraining = false

    /// The server's SETTINGS have come.
    public private(set) var isReady = false

    let output = FrameOutput()
    private let configuration: Configuration
    private let tables: HTTP2Library

    // Freed in deinit. nghttp2 holds this object without a reference of its own: it calls back only
    // from within calls that this object makes.
    private var library: OpaquePointer
    private let fields: UnsafeMutablePointer<nghttp2_nv>
    private static let fieldCapacity = Limits.responseFields + 6

    // Every stream that nghttp2 knows with user data.
    private let open = OwnedList<ClientCall>()
    private let pool = OwnedList<ClientCall>()
    private var headTarget: ClientCall?
    private var isDead = false
    private var isCut = false
    private var isInside = false
    private var failure: HTTPError?

    /// Begins a connection: preface and SETTINGS wait in `produce` at once.
    public init(configuration: Configuration = Configuration()) {
        self.configuration = configuration
        tables = HTTP2Library.client()
        unsafe fields = .allocate(capacity: HTTP2ClientSession.fieldCapacity)
        // Replaced before init returns; nghttp2 needs the address of a whole object.
        unsafe library = OpaquePointer(fields)
        // The session is deleted in deinit, so the unretained reference is never used after it.
        unsafe library = tables.makeClient(Unmanaged.passUnretained(self).toOpaque())
        var settings = [
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_ENABLE_PUSH.rawValue), value: 0),
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE.rawValue),
                value: UInt32(configuration.streamWindowBytes)),
        ]
        let submitted = unsafe nghttp2_submit_settings(
            library, NG.none, &settings, settings.count)
        let widened = unsafe nghttp2_session_set_local_window_size(
            library, NG.none, 0, configuration.connectionWindowBytes)
        precondition(submitted == 0 && widened == 0, "a configuration that nghttp2 refuses")
    }

    deinit {
        // Nobody is told any more: the receivers may be on their way out too.
        while let call = open.removeLast() {
            call.isClosed = true
            call.release()
        }
        unsafe nghttp2_session_del(library)
        unsafe fields.deallocate()
    }

    // MARK: Requests

    /// Sends a request; nil if the connection takes no more.
    ///
    /// `authority` is host and port. `fields` holds neither pseudo-fields nor `content-length`,
    /// which is added. Beyond the server's limit of streams, requests wait in the session.
    public func submit(
        method: StaticString = "POST", path: StaticString = "/", authority: [UInt8],
        fields list: FieldList, body: [UInt8], receiver: any ResponseReceiver, tag: UInt64 = 0
    ) -> ClientCall? {
        guard !isDead, !isDraining, failure == nil else { return nil }
        let call = pool.removeLast() ?? ClientCall()
        call.tag = tag
        call.receiver = receiver
        call.body = body
        call.isClosed = false
        unsafe call.session = self
        let count = lay(call, method, path, authority, list)
        let streamID: Int32
        // `open` keeps the call until nghttp2 has closed the stream.
        let user = unsafe Unmanaged.passUnretained(call).toOpaque()
        if body.isEmpty {
            streamID = unsafe nghttp2_submit_request(library, nil, fields, count, nil, user)
        } else {
            var provider = unsafe nghttp2_data_provider(
                source: nghttp2_data_source(ptr: user), read_callback: http2ClientReadBody)
            streamID = unsafe nghttp2_submit_request(library, nil, fields, count, &provider, user)
        }
        guard streamID > 0 else {
            call.release()
            return nil
        }
        call.streamID = streamID
        call.openIndex = open.count
        open.append(call)
        return call
    }

    /// Lays everything the request's head holds into the call's arena and describes it in `fields`.
    private func lay(
        _ call: ClientCall, _ method: StaticString, _ path: StaticString, _ authority: [UInt8],
        _ list: FieldList
    ) -> Int {
        let storage = list.storage
        call.reserveRequest(storage.count + authority.count + 24)
        let arena = unsafe call.requestArena
        unsafe storage.withUnsafeBufferPointer {
            guard let from = $0.baseAddress else { return }
            unsafe arena.update(from: from, count: $0.count)
        }
        let host = unsafe arena + storage.count
        unsafe authority.withUnsafeBufferPointer {
            guard let from = $0.baseAddress else { return }
            unsafe host.update(from: from, count: $0.count)
        }
        unsafe fields[0] = fixed(":method", method)
        unsafe fields[1] = fixed(":scheme", "https")
        unsafe fields[2] = fixed(":path", path)
        unsafe fields[3] = named(":authority", host, authority.count)
        var count = 4
        unsafe list.describe(at: arena, in: fields, from: &count)
        if !call.body.isEmpty {
            let value = unsafe host + authority.count
            let length = unsafe Decimal.write(call.body.count, to: value)
            unsafe fields[count] = named("content-length", value, length)
            count += 1
        }
        return count
    }

    /// Sends a PING; its acknowledgement comes to `onPing`.
    public func ping(_ number: UInt64) {
        guard !isDead else { return }
        var payload = number.bigEndian
        unsafe withUnsafeBytes(of: &payload) {
            _ = unsafe nghttp2_submit_ping(
                library, NG.none, $0.baseAddress?.assumingMemoryBound(to: UInt8.self))
        }
    }

    // MARK: Bytes in, bytes out

    /// Feeds received bytes; all are taken.
    public func receive(_ bytes: Span<UInt8>) -> SessionState {
        precondition(!isInside, "receive was called from a receiver")
        guard !isDead else { return state }
        isInside = true
        let taken = unsafe bytes.withUnsafeBufferPointer {
            unsafe nghttp2_session_mem_recv(library, $0.baseAddress, $0.count)
        }
        isInside = false
        if taken < 0 {
            failure = HTTPError(.library, code: Int32(taken))
            isCut = true
            closeAll(.protocolError)
        }
        return state
    }

    /// Appends to the output until nothing is left to send or the output is full.
    public func produce(into output: inout OutputSpan<UInt8>) {
        precondition(!isInside, "produce was called from a receiver")
        guard !isCut else { return }
        isInside = true
        let healthy = unsafe self.output.fill(&output, from: library)
        isInside = false
        if !healthy {
            failure = HTTPError(.library)
            isCut = true
        }
        if isFinished { closeAll(failure == nil ? .connectionLost : .protocolError) }
    }

    /// Whether `produce` would append something.
    public var wantsOutput: Bool {
        unsafe !isCut && (output.hasRest || nghttp2_session_want_write(library) != 0)
    }

    /// The connection is to be closed once what was produced is written.
    public var isFinished: Bool {
        unsafe isCut || !wantsOutput && nghttp2_session_want_read(library) == 0
    }

    /// Streams the server allows at once; 100 until its SETTINGS have come.
    public var concurrentStreams: Int {
        Int(
            unsafe nghttp2_session_get_remote_settings(
                library, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS))
    }

    /// Calls that are not closed.
    public var openCalls: Int { open.count }

    /// Ends the connection once its open calls are closed: GOAWAY.
    public func close() {
        guard !isDead, !isDraining else { return }
        isDraining = true
        _ = unsafe nghttp2_submit_goaway(library, NG.none, 0, 0, nil, 0)
    }

    /// Closes every open call with `.connectionLost`.
    public func connectionLost() {
        isCut = true
        closeAll(.connectionLost)
    }

    private var state: SessionState {
        if let failure { return .failed(failure) }
        return isDraining ? .ending : .open
    }

    // MARK: Calls

    private func closeAll(_ reason: ExchangeEnd) {
        isDead = true
        headTarget = nil
        while let call = open.removeLast() { closed(call, reason) }
    }

    private func closed(_ call: consuming ClientCall, _ reason: ExchangeEnd) {
        if !isDead {
            let unused = call.receivedBodyBytes - call.consumedBodyBytes
            if unused > 0 {
                _ = unsafe nghttp2_session_consume_connection(library, Int(unused))
            }
        }
        call.isClosed = true
        call.openIndex = -1
        unsafe call.session = nil
        call.receiver?.callClosed(call, reason)
        call.release()
        if pool.count < Limits.pooledExchanges, isKnownUniquelyReferenced(&call), call.recycle() {
            pool.append(call)
        }
    }

    func credit(_ call: ClientCall, _ count: Int) {
        _ = unsafe nghttp2_session_consume(library, call.streamID, count)
    }

    func cancel(_ call: ClientCall, _ code: ResetCode) {
        guard !call.cancelled else { return }
        call.cancelled = true
        _ = unsafe nghttp2_submit_rst_stream(library, NG.none, call.streamID, code.rawValue)
    }

    private func call(_ streamID: Int32) -> ClientCall? {
        guard !isDead,
            let pointer = unsafe nghttp2_session_get_stream_user_data(library, streamID)
        else { return nil }
        // `open` holds every call that is a stream's user data.
        return unsafe Unmanaged<ClientCall>.fromOpaque(pointer).takeUnretainedValue()
    }

    // MARK: What nghttp2 tells

    func beginBlock(_ streamID: Int32) {
        headTarget = call(streamID)
        // An informational head came before this one, or these are trailers, which are not kept.
        if let call = headTarget {
            if call.status >= 200 { headTarget = nil } else { call.responseFields.clear() }
        }
    }

    func field(
        _ name: UnsafePointer<UInt8>, _ nameCount: Int, _ value: UnsafePointer<UInt8>,
        _ valueCount: Int
    ) {
        guard let call = headTarget else { return }
        if unsafe name[0] == 0x3a {
            if nameCount == 7 { call.status = unsafe Decimal.read(value, valueCount) ?? 0 }
            return
        }
        let head = call.responseFields
        head.seenBytes += nameCount + valueCount
        guard head.seenBytes <= Limits.headBytes,
            unsafe head.add(name, nameCount, value, valueCount) != nil
        else { return cancel(call, .enhanceYourCalm) }
    }

    func data(_ streamID: Int32, _ bytes: UnsafePointer<UInt8>, _ count: Int) {
        receivedBodyBytes += UInt64(count)
        guard let call = call(streamID), !call.cancelled else {
            if !isDead { _ = unsafe nghttp2_session_consume_connection(library, count) }
            return
        }
        call.receivedBodyBytes += UInt64(count)
        let span = unsafe Span(_unsafeStart: bytes, count: count)
        call.receiver?.responseBody(call, span)
        if configuration.returnsCreditAtOnce, !call.isClosed { call.consumed(count) }
    }

    func received(_ frame: UnsafePointer<nghttp2_frame>) {
        let header = unsafe frame.pointee.hd
        switch header.type {
        case NG.headers:
            let target = headTarget
            headTarget = nil
            let ends = header.flags & NG.endStream != 0
            if let target, target.status >= 200 { target.receiver?.responseBegan(target) }
            if ends { call(header.stream_id)?.responseIsWhole = true }
        case NG.data:
            if header.flags & NG.endStream != 0 { call(header.stream_id)?.responseIsWhole = true }
        case NG.rstStream:
            unsafe call(header.stream_id)?.resetByPeer = ResetCode(
                rawValue: frame.pointee.rst_stream.error_code)
        case NG.settings:
            if header.flags & NG.ack == 0 { isReady = true }
        case NG.goaway: isDraining = true
        case NG.ping:
            guard header.flags & NG.ack != 0, let onPing else { return }
            var number: UInt64 = 0
            unsafe withUnsafeMutableBytes(of: &number) { target in
                unsafe withUnsafeBytes(of: frame.pointee.ping.opaque_data) {
                    unsafe target.copyMemory(from: $0)
                }
            }
            onPing(UInt64(bigEndian: number))
        default: break
        }
    }

    func streamClosed(_ streamID: Int32, _ code: UInt32) {
        guard !isDead,
            let pointer = unsafe nghttp2_session_get_stream_user_data(library, streamID)
        else { return }
        // `open` holds the call until it is taken out; no caller does, so that it can be used again.
        let (index, reason) = unsafe Unmanaged<ClientCall>.fromOpaque(pointer)
            ._withUnsafeGuaranteedRef { call in
                if headTarget === call { headTarget = nil }
                return (call.openIndex, end(of: call, code))
            }
        closed(open.remove(at: index) { $0.openIndex = index }, reason)
    }

    private func end(of call: ClientCall, _ code: UInt32) -> ExchangeEnd {
        if call.responseIsWhole { return .complete }
        if let reset = call.resetByPeer { return .reset(reset) }
        if call.cancelled { return .aborted }
        // The stream is above the last one that a GOAWAY names.
        return code == ResetCode.refusedStream.rawValue ? .reset(.refusedStream) : .protocolError
    }

    func pack(_ call: ClientCall, _ length: Int, _ flags: UnsafeMutablePointer<UInt32>) -> Int {
        let filled = min(length, call.body.count - call.bodyOffset)
        unsafe call.body.withUnsafeBufferPointer {
            guard let from = $0.baseAddress else { return }
            unsafe output.dataPlace.update(from: from + call.bodyOffset, count: filled)
        }
        call.bodyOffset += filled
        call.sentBodyBytes += UInt64(filled)
        unsafe flags.pointee = NG.noCopyFlag
        if call.bodyOffset == call.body.count { unsafe flags.pointee |= NG.eofFlag }
        return filled
    }

    var isOver: Bool { isDead }
}
