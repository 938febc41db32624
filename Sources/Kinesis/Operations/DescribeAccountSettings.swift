public import Wire

/// Shows an account's throughput commitment; its output is ``AccountSettingsOutput``.
///
/// Errors: LimitExceeded.
public enum DescribeAccountSettings {
    static let shape = Structure("DescribeAccountSettingsInput", [])

    public struct Input: Sendable {}

    public static func decode(
        _ body: [UInt8], _ encoding: Encoding
    ) throws(ServiceError) -> Input {
        _ = try ShapeDecoder.decode(body, encoding, as: shape)
        return Input()
    }
}
