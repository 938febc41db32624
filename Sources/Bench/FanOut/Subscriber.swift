import HTTP
import Kinesis
import System
import WeirClient
import Wire

/// One subscription of a bench.
final class Subscriber: ResponseReceiver {
    /// What all subscribers of a load share.
    final class Shared {
        /// Bytes of a record in an event; 0 until a checking subscriber has seen one.
        var bytesPerRecord = 0
        var latencies = Latencies()
        /// Messages that were due within it are timed.
        var window: MeasuredWindow?
        /// Says once why the run is worth nothing.
        var failed: (String) -> Void = { _ in }
        /// A subscription has begun.
        var began: () -> Void = {}
        fileprivate var scratch: [UInt8] = []
    }

    let checks: Bool
    private let returnsCredit: Bool
    private let shared: Shared
    private var reader: EventStreamReader?
    private var counter = FrameCounter()
    private var checked: UInt64 = 0
    private var last: SequenceNumber?
    private(set) var bytes: UInt64 = 0
    private(set) var events: UInt64 = 0
    private var hasBegun = false

    /// One that checks reads on for ever; one that returns no credit stalls when its window is full.
    init(_ shared: Shared, checks: Bool, returnsCredit: Bool = true) {
        precondition(returnsCredit || !checks, "who checks gives credit back")
        self.returnsCredit = returnsCredit
        self.shared = shared
        self.checks = checks
        if checks {
            reader = EventStreamReader(
                onEvent: { [unowned self] payload, bytes in
                    check(payload)
                    reader?.taken(bytes)
                },
                onEnd: { [unowned self] end in self.shared.failed("a subscription ended: \(end)") })
        }
    }

    /// Subscribes; false if the connection takes no more.
    func begin(
        _ consumer: ConsumerARN, _ shard: ShardID, from position: StartingPosition,
        region: String?, on connection: ClientConnection
    ) -> Bool {
        let fields = RequestFields.make(
            .kinesis(.subscribeToShard), encoding: .json, region: region)
        let body = RequestBody.subscribe(consumer, shard, position)
        guard let call = connection.submit(fields, body: body, receiver: self) else { return false }
        reader?.reads(call, on: connection)
        return true
    }

    /// Records received so far.
    var records: UInt64 {
        if checks { return checked }
        if counter.bytesPerRecord == 0, shared.bytesPerRecord > 0 {
            counter.bytesPerRecord = shared.bytesPerRecord
        }
        return counter.records
    }

    private func check(_ payload: [UInt8]) {
        events += 1
        let now = MonotonicClock.nanoseconds
        let window = shared.window
        var scanner = RecordScanner(payload.span, after: last)
        do throws(RecordScanner.Fault) {
            try scanner.scan(&shared.scratch) { header in
                if let window, window.contains(header.due) {
                    shared.latencies.record(due: header.due, now: now)
                }
            }
        } catch {
            return shared.failed("a record is wrong: \(error)")
        }
        last = scanner.last
        checked += UInt64(scanner.records)
        if scanner.bytesPerRecord > 0 { shared.bytesPerRecord = scanner.bytesPerRecord }
    }

    func responseBegan(_ call: ClientCall) { reader?.responseBegan(call) }

    func responseBody(_ call: ClientCall, _ bytes: Span<UInt8>) {
        self.bytes += UInt64(bytes.count)
        // The first bytes are the initial response, which says that the position is taken.
        if !hasBegun, call.status == 200 {
            hasBegun = true
            shared.began()
        }
        if let reader { return reader.responseBody(call, bytes) }
        counter.take(bytes)
        if returnsCredit { call.consumed(bytes.count) }
    }

    func callClosed(_ call: ClientCall, _ reason: ExchangeEnd) {
        if let reader { return reader.callClosed(call, reason) }
        shared.failed("a subscription ended: \(reason), status \(call.status)")
    }
}
