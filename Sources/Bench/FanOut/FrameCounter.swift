/// Counts the records of an event stream by the lengths of its messages alone: what a subscriber
/// does whose records are not checked, so that the client is not what is measured.
struct FrameCounter {
    /// Lengths of a message's prelude that are looked at: the total and the headers' (big-endian).
    private static let preludeBytes = 8
    /// Bytes of a message that are neither headers nor payload.
    private static let overheadBytes = 16
    /// Less than what an event has besides its records; the rest is far below a record.
    private static let envelopeBytes = 100

    private(set) var records: UInt64 = 0
    private(set) var messages: UInt64 = 0
    private(set) var bytes: UInt64 = 0
    private var prelude: [UInt8] = []
    private var toSkip = 0
    /// Payload of the message that is coming in; its records count when it is whole.
    private var underWay = 0
    /// Payloads that came before it was known how long a record is.
    private var unknown: [Int] = []
    /// Bytes that each record takes in an event; all are alike. 0 until it is known.
    var bytesPerRecord = 0 {
        didSet {
            guard bytesPerRecord > 0 else { return }
            for payload in unknown { records += count(payload) }
            unknown = []
        }
    }

    mutating func take(_ received: Span<UInt8>) {
        bytes += UInt64(received.count)
        var offset = 0
        while offset < received.count {
            if toSkip > 0 {
                let count = min(toSkip, received.count - offset)
                toSkip -= count
                offset += count
                if toSkip == 0 { end() }
                continue
            }
            if prelude.isEmpty, received.count - offset >= Self.preludeBytes {
                begin(
                    total: Self.number(received, offset), headers: Self.number(received, offset + 4)
                )
                offset += Self.preludeBytes
            } else {
                prelude.append(received[offset])
                offset += 1
                if prelude.count == Self.preludeBytes {
                    let total = Self.number(prelude.span, 0)
                    let headers = Self.number(prelude.span, 4)
                    prelude.removeAll(keepingCapacity: true)
                    begin(total: total, headers: headers)
                }
            }
        }
    }

    private mutating func begin(total: Int, headers: Int) {
        messages += 1
        toSkip = max(0, total - Self.preludeBytes)
        underWay = total - headers - Self.overheadBytes
    }

    private mutating func end() {
        if bytesPerRecord > 0 {
            records += count(underWay)
        } else if underWay > Self.envelopeBytes {
            unknown.append(underWay)
        }
    }

    private func count(_ payload: Int) -> UInt64 {
        UInt64(max(0, payload - Self.envelopeBytes) / bytesPerRecord)
    }

    private static func number(_ bytes: Span<UInt8>, _ offset: Int) -> Int {
        var number = 0
        for i in 0..<4 { number = number << 8 | Int(bytes[offset + i]) }
        return number
    }
}
