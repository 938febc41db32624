import Kinesis
import Wire

/// Checks the records of an event as a bench wants them: digests, and that numbers increase.
struct RecordScanner: ~Escapable {
    private var reader: TokenReader
    private(set) var records = 0
    /// The number of the last record, or of the last event before this one.
    private(set) var last: SequenceNumber?
    /// Bytes that a record takes in the event, its comma included; 0 without records.
    private(set) var bytesPerRecord = 0
    private var firstOffset = 0

    /// What is wrong with an event.
    enum Fault: Error {
        case malformed
        case digest
        case order
    }

    @_lifetime(copy payload)
    init(_ payload: Span<UInt8>, after last: SequenceNumber?) {
        reader = TokenReader(payload, .json)
        self.last = last
    }

    /// Calls `visit` with the header of each record; `scratch` is used for its data.
    mutating func scan(
        _ scratch: inout [UInt8], _ visit: (BenchPayload.Header) -> Void
    ) throws(Fault) {
        let fault: Fault?
        do throws(WireError) {
            fault = try event(&scratch, visit)
        } catch {
            throw .malformed
        }
        if let fault { throw fault }
        if records > 0 { bytesPerRecord = (endOffset - firstOffset + 1) / records }
    }

    private mutating func event(
        _ scratch: inout [UInt8], _ visit: (BenchPayload.Header) -> Void
    ) throws(WireError) -> Fault? {
        guard try reader.next() == .beginMap else { return .malformed }
        while case .key(let key) = try reader.next() {
            let value = try reader.next()
            guard isKey(key, "Records"), value == .beginList else {
                try reader.skip(value)
                continue
            }
            firstOffset = reader.offset
            while try reader.next() == .beginMap {
                if let fault = try record(&scratch, visit) { return fault }
            }
        }
        return nil
    }

    private var endOffset = 0

    private mutating func record(
        _ scratch: inout [UInt8], _ visit: (BenchPayload.Header) -> Void
    ) throws(WireError) -> Fault? {
        var header: BenchPayload.Header?
        var number: SequenceNumber?
        while case .key(let key) = try reader.next() {
            let value = try reader.next()
            guard case .text(let range) = value else { continue }
            if isKey(key, "Data") {
                scratch.removeAll(keepingCapacity: true)
                do throws(Base64.Fault) {
                    try Base64.decode(reader.written(range), appendingTo: &scratch)
                } catch {
                    return .malformed
                }
                header = BenchPayload.check(scratch.span)
                if header == nil { return .digest }
            } else if isKey(key, "SequenceNumber") {
                number = SequenceNumber(decimal: reader.written(range))
            }
        }
        endOffset = reader.offset
        guard let header, let number else { return .malformed }
        if let last, number <= last { return .order }
        last = number
        records += 1
        visit(header)
        return nil
    }

    private func isKey(_ key: StringRange, _ name: String) -> Bool {
        let written = reader.written(key)
        guard written.count == name.utf8.count else { return false }
        var i = 0
        for byte in name.utf8 {
            if written[i] != byte { return false }
            i += 1
        }
        return true
    }
}
