import HTTP
import Kinesis
import Reactor
import System
import WeirClient
import Wire

/// Puts records, by a schedule or as fast as answers come, over one or more connections.
final class Producer: ConnectionOwner, ResponseReceiver {
    /// When the next call begins.
    enum Pace {
        /// When it is due, whatever became of those before.
        case scheduled(Schedule)
        /// When fewer than this many are without an answer.
        case closed(inFlight: Int)
    }

    /// Calls without an answer at most on one connection; those of a schedule wait beyond that, and
    /// their time runs.
    static let callsPerConnection = 512

    private let context: ClientContext
    private let fields: FieldList
    private let recordsPerCall: Int
    private var pace: Pace
    /// The body of the next call, which was due at this time.
    private let makeBody: (UInt64) -> [UInt8]
    /// A call was answered: when it was due, and the records of it that were stored.
    var answered: (_ due: UInt64, _ stored: Int) -> Void = { _, _ in }
    /// Beside the pace, whether a call may begin now.
    var mayBegin: () -> Bool = { true }
    /// All connections are open.
    var opened: () -> Void = {}
    /// A connection was lost.
    var failed: (ClientError) -> Void = { _ in }

    private var connections: [ClientConnection] = []
    private var nextConnection = 0
    private var openCount = 0
    private(set) var inFlight = 0
    private(set) var recordsSent: UInt64 = 0
    /// Calls that were refused or lost, and the first such answer.
    private(set) var refusals: UInt64 = 0
    private(set) var firstRefusal: String?
    private var isRunning = false
    private var timer: Timer?
    private var overdue: [UInt64] = []

    init(
        _ context: ClientContext, connections: Int, recordsPerCall: Int, pace: Pace,
        region: String?, makeBody: @escaping (UInt64) -> [UInt8]
    ) {
        self.context = context
        self.recordsPerCall = recordsPerCall
        self.pace = pace
        self.makeBody = makeBody
        fields = RequestFields.make(
            .kinesis(recordsPerCall == 1 ? .putRecord : .putRecords), encoding: .json,
            region: region)
        for _ in 0..<connections {
            self.connections.append(ClientConnection(context: context, owner: self))
        }
    }

    /// Connects; then `opened`.
    func connect() {
        for connection in connections { connection.start() }
    }

    /// Begins, or begins again at another pace.
    func start(_ pace: Pace) {
        self.pace = pace
        isRunning = true
        pump()
    }

    /// Begins no more calls.
    func stop() {
        isRunning = false
        overdue = []
        if let timer { context.reactor.cancel(timer) }
    }

    /// Begins the calls that may begin now.
    func pump() {
        guard isRunning else { return }
        switch pace {
        case .closed(let limit):
            while inFlight < limit, mayBegin(), begin(due: MonotonicClock.nanoseconds) {}
        case .scheduled(var schedule):
            while let due = schedule.take(MonotonicClock.nanoseconds) { overdue.append(due) }
            pace = .scheduled(schedule)
            var begun = 0
            for due in overdue {
                guard mayBegin(), begin(due: due) else { break }
                begun += 1
            }
            overdue.removeFirst(begun)
            wake(at: schedule.next)
        }
    }

    private func wake(at time: UInt64) {
        let timer = timer ?? Timer { [weak self] in self?.pump() }
        self.timer = timer
        context.reactor.schedule(timer, at: time)
    }

    /// False if no connection has room.
    private func begin(due: UInt64) -> Bool {
        for _ in connections.indices {
            let connection = connections[nextConnection]
            nextConnection = nextConnection + 1 == connections.count ? 0 : nextConnection + 1
            guard connection.hasRoom, connection.session.openCalls < Self.callsPerConnection else {
                continue
            }
            guard
                let call = connection.submit(
                    fields, body: makeBody(due), receiver: self, tag: due)
            else { continue }
            if recordsPerCall > 1 { call.attachment = AnswerHead() }
            inFlight += 1
            recordsSent += UInt64(recordsPerCall)
            return true
        }
        return false
    }

    // Answers

    /// The beginning of a PutRecords answer, where Weir says how many records failed.
    private final class AnswerHead {
        var bytes: [UInt8] = []
    }

    func responseBegan(_ call: ClientCall) {}

    func responseBody(_ call: ClientCall, _ bytes: Span<UInt8>) {
        if call.status != 200, firstRefusal == nil {
            firstRefusal = String(decoding: [UInt8](taking: bytes, atMost: 200), as: UTF8.self)
        }
        guard let head = call.attachment as? AnswerHead, head.bytes.count < 64 else { return }
        head.bytes += [UInt8](taking: bytes, atMost: 64)
    }

    func callClosed(_ call: ClientCall, _ reason: ExchangeEnd) {
        inFlight -= 1
        let stored = stored(call, reason)
        if stored < recordsPerCall { refusals += 1 }
        answered(call.tag, stored)
    }

    private func stored(_ call: ClientCall, _ reason: ExchangeEnd) -> Int {
        guard reason == .complete, call.status == 200 else {
            if firstRefusal == nil { firstRefusal = "\(reason), status \(call.status)" }
            return 0
        }
        guard let head = call.attachment as? AnswerHead else { return recordsPerCall }
        guard let failed = Self.failedCount(head.bytes) else {
            if firstRefusal == nil { firstRefusal = "an answer without FailedRecordCount" }
            return 0
        }
        if failed > 0, firstRefusal == nil { firstRefusal = "\(failed) records of a call failed" }
        return recordsPerCall - failed
    }

    /// The number that follows `"FailedRecordCount":` at the beginning of an answer.
    static func failedCount(_ answer: [UInt8]) -> Int? {
        let key = Array("{\"FailedRecordCount\":".utf8)
        guard answer.starts(with: key) else { return nil }
        let digits = answer[key.count...].prefix { (48...57).contains($0) }
        return Int(String(decoding: digits, as: UTF8.self))
    }

    // Connections

    func connectionOpened(_ connection: ClientConnection) {
        openCount += 1
        if openCount == connections.count { opened() }
    }

    func connectionClosed(_ connection: ClientConnection, _ error: ClientError?) {
        if let error { failed(error) }
    }
}

extension [UInt8] {
    /// A copy of the first bytes of a span.
    init(taking bytes: Span<UInt8>, atMost limit: Int) {
        self = []
        append(copying: bytes.extracting(..<Swift.min(limit, bytes.count)))
    }
}
