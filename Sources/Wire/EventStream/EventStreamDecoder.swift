/// Cuts the bytes of an event stream, as they arrive, into messages.
///
/// Both checksums are verified and the limits of ``EventStreamLimits`` are enforced as soon as the
/// lengths are known, so that a decoder never keeps more than one message of the greatest size.
/// After an error the stream is lost: where the next message begins cannot be known.
public struct EventStreamDecoder: Sendable {
    /// Why bytes are not an event stream.
    public enum Fault: Error, Hashable, Sendable {
        /// The checksum of the two lengths is not theirs.
        case preludeChecksum
        /// The checksum of the message is not its own.
        case messageChecksum
        /// The lengths contradict each other.
        case impossibleLengths
        /// The headers are longer than ``EventStreamLimits/headersBytes``.
        case headersTooLong(Int)
        /// The payload is longer than ``EventStreamLimits/payloadBytes``.
        case payloadTooLong(Int)
        /// A header ends behind the headers.
        case truncatedHeader
        /// A header has a type that the format does not know.
        case unknownHeaderType(UInt8)
        /// The name or the value of a header is not UTF-8.
        case invalidText
        /// Two headers have the same name.
        case duplicateHeader(String)
    }

    private var buffer: [UInt8] = []
    /// Where in the buffer the next message begins.
    private var start = 0

    /// A decoder at the start of a stream.
    public init() {}

    /// How many bytes were appended that do not make a whole message yet: 0 at a proper end.
    public var pendingCount: Int {
        buffer.count - start
    }

    /// Appends bytes of the stream. Take the messages out with ``next()`` before appending more.
    public mutating func append(_ bytes: Span<UInt8>) {
        if start == buffer.count {
            buffer.removeAll(keepingCapacity: true)
            start = 0
        } else if start > buffer.count / 2 {
            buffer.removeSubrange(..<start)
            start = 0
        }
        buffer.append(copying: bytes)
    }

    /// Returns the next whole message, or nil if more bytes are needed for it.
    public mutating func next() throws(Fault) -> EventStreamMessage? {
        guard let (message, count) = try Self.first(buffer.span.extracting(start...)) else {
            return nil
        }
        start += count
        return message
    }

    /// Returns the messages of a whole stream; an incomplete last one is an error.
    public static func decode(_ stream: Span<UInt8>) throws(Fault) -> [EventStreamMessage] {
        var decoder = EventStreamDecoder()
        decoder.append(stream)
        var messages: [EventStreamMessage] = []
        while let message = try decoder.next() {
            messages.append(message)
        }
        guard decoder.pendingCount == 0 else { throw .impossibleLengths }
        return messages
    }

    /// Returns the message at the start of `bytes` and its length, once it is whole.
    private static func first(
        _ bytes: Span<UInt8>
    ) throws(Fault) -> (message: EventStreamMessage, count: Int)? {
        guard let lengths = try lengths(bytes), bytes.count >= lengths.total else { return nil }
        let message = try message(bytes.extracting(..<lengths.total), lengths.headers)
        return (message, lengths.total)
    }

    /// Reads and checks the prelude, once it is whole.
    private static func lengths(
        _ bytes: Span<UInt8>
    ) throws(Fault) -> (total: Int, headers: Int)? {
        guard bytes.count >= EventStreamLimits.preludeBytes else { return nil }
        guard eventStreamChecksum(bytes.extracting(..<8)) == bytes.bigEndianUInt32(at: 8) else {
            throw .preludeChecksum
        }
        let total = Int(bytes.bigEndianUInt32(at: 0))
        let headers = Int(bytes.bigEndianUInt32(at: 4))
        let payload = total - headers - EventStreamLimits.overheadBytes
        guard payload >= 0 else { throw .impossibleLengths }
        guard headers <= EventStreamLimits.headersBytes else { throw .headersTooLong(headers) }
        guard payload <= EventStreamLimits.payloadBytes else { throw .payloadTooLong(payload) }
        return (total, headers)
    }

    private static func message(
        _ bytes: Span<UInt8>, _ headersCount: Int
    ) throws(Fault) -> EventStreamMessage {
        let payloadStart = EventStreamLimits.preludeBytes + headersCount
        let payloadEnd = bytes.count - EventStreamLimits.checksumBytes
        guard
            eventStreamChecksum(bytes.extracting(..<payloadEnd))
                == bytes.bigEndianUInt32(at: payloadEnd)
        else { throw .messageChecksum }
        var headers: [EventStreamHeader] = []
        var rest = HeaderReader(
            bytes: bytes.extracting(EventStreamLimits.preludeBytes..<payloadStart))
        while let header = try rest.next() {
            for other in headers where other.name == header.name {
                throw .duplicateHeader(header.name)
            }
            headers.append(header)
        }
        var payload: [UInt8] = []
        payload.append(copying: bytes.extracting(payloadStart..<payloadEnd))
        return EventStreamMessage(headers: headers, payload: payload)
    }
}

/// Reads headers one after the other.
private struct HeaderReader: ~Escapable {
    let bytes: Span<UInt8>
    var offset = 0

    @_lifetime(copy bytes)
    init(bytes: Span<UInt8>) {
        self.bytes = bytes
    }

    mutating func next() throws(EventStreamDecoder.Fault) -> EventStreamHeader? {
        guard offset < bytes.count else { return nil }
        let name = try text(count: Int(try take(1)))
        return EventStreamHeader(name: name, value: try value(type: UInt8(try take(1))))
    }

    private mutating func value(
        type: UInt8
    ) throws(EventStreamDecoder.Fault) -> EventStreamHeader.Value {
        switch type {
        case 0: .boolean(true)
        case 1: .boolean(false)
        case 2: .int8(Int8(truncatingIfNeeded: try take(1)))
        case 3: .int16(Int16(truncatingIfNeeded: try take(2)))
        case 4: .int32(Int32(truncatingIfNeeded: try take(4)))
        case 5: .int64(Int64(truncatingIfNeeded: try take(8)))
        case 6: .bytes(try array(count: Int(try take(2))))
        case EventStreamHeader.stringType: .string(try text(count: Int(try take(2))))
        case 8: .timestamp(milliseconds: Int64(truncatingIfNeeded: try take(8)))
        case 9: .uuid(UInt128(try take(8)) << 64 | UInt128(try take(8)))
        default: throw .unknownHeaderType(type)
        }
    }

    /// Takes a big-endian number of at most eight bytes.
    private mutating func take(_ count: Int) throws(EventStreamDecoder.Fault) -> UInt64 {
        guard bytes.count - offset >= count else { throw .truncatedHeader }
        var number: UInt64 = 0
        for i in offset..<offset + count {
            number = number << 8 | UInt64(bytes[i])
        }
        offset += count
        return number
    }

    private mutating func array(count: Int) throws(EventStreamDecoder.Fault) -> [UInt8] {
        guard bytes.count - offset >= count else { throw .truncatedHeader }
        var array: [UInt8] = []
        array.append(copying: bytes.extracting(offset..<offset + count))
        offset += count
        return array
    }

    private mutating func text(count: Int) throws(EventStreamDecoder.Fault) -> String {
        guard let text = String(validating: try array(count: count), as: UTF8.self) else {
            throw .invalidText
        }
        return text
    }
}
