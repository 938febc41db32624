public import Wire

/// Ends a fault, or all of them: an operation of Weir's own.
///
/// Errors: AccessDenied (the server was not started with fault injection), ResourceNotFound (no
/// fault has this id).
public enum ClearFaults {
    static let shape = Structure("ClearFaultsInput", [.name("FaultId")])

    public struct Input: Sendable {
        /// The fault to end; nil for all of the caller's account and region.
        public var id: String?
    }

    public static func decode(
        _ body: [UInt8], _ encoding: Encoding
    ) throws(ServiceError) -> Input {
        let fields = try ShapeDecoder.decode(body, encoding, as: shape)
        return Input(id: fields.text("FaultId"))
    }

    public struct Output: Sendable {
        /// How many were ended.
        public var count: Int

        public init(count: Int) {
            self.count = count
        }

        public func encoded(_ encoding: Encoding) -> [UInt8] {
            var writer = ResponseWriter(encoding, capacity: 32)
            writer.beginStructure()
            writer.member("ClearedCount", integer: count)
            writer.endStructure()
            return writer.finish()
        }
    }
}
