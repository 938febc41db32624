/// One message of an event stream, as a client reads it.
public struct EventStreamMessage: Hashable, Sendable {
    /// The headers in their order; no two have the same name.
    public var headers: [EventStreamHeader]
    /// The payload, whose form the header `:content-type` tells.
    public var payload: [UInt8]

    /// The message with the given headers and payload.
    public init(headers: [EventStreamHeader], payload: [UInt8]) {
        self.headers = headers
        self.payload = payload
    }

    /// The text of the header called `name`, or nil if there is none or it is not a string.
    public func text(_ name: String) -> String? {
        for header in headers where header.name == name {
            guard case .string(let text) = header.value else { return nil }
            return text
        }
        return nil
    }
}

/// A named value at the head of an event-stream message.
public struct EventStreamHeader: Hashable, Sendable {
    /// The types of value that the format has.
    public enum Value: Hashable, Sendable {
        /// Types 0 and 1, without further bytes.
        case boolean(Bool)
        /// Type 2.
        case int8(Int8)
        /// Type 3.
        case int16(Int16)
        /// Type 4.
        case int32(Int32)
        /// Type 5.
        case int64(Int64)
        /// Type 6, with its length in two bytes.
        case bytes([UInt8])
        /// Type 7, UTF-8 with its length in two bytes. Kinesis uses no other.
        case string(String)
        /// Type 8, milliseconds since 1970.
        case timestamp(milliseconds: Int64)
        /// Type 9, 16 bytes.
        case uuid(UInt128)
    }

    static let stringType: UInt8 = 7

    /// The name, at most 255 bytes of UTF-8.
    public var name: String
    /// The value.
    public var value: Value

    /// The header with the given name and value.
    public init(name: String, value: Value) {
        self.name = name
        self.value = value
    }
}
