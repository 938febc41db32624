public import Wire

/// Begins or ends an account's throughput commitment; its output is ``AccountSettingsOutput``.
///
/// Errors: InvalidArgument, Validation, LimitExceeded.
public enum UpdateAccountSettings {
    static let commitment = Structure(
        "MinimumThroughputBillingCommitmentInput",
        [.choice("Status", Choice(["ENABLED", "DISABLED"]), required: true)])

    static let shape = Structure(
        "UpdateAccountSettingsInput",
        [.structure("MinimumThroughputBillingCommitment", commitment, required: true)])

    public struct Input: Sendable {
        public var isEnabled: Bool
    }

    public static func decode(
        _ body: [UInt8], _ encoding: Encoding
    ) throws(ServiceError) -> Input {
        let fields = try ShapeDecoder.decode(body, encoding, as: shape)
        let commitment = fields.structure("MinimumThroughputBillingCommitment")
        return Input(isEnabled: commitment?.requiredText("Status") == "ENABLED")
    }
}
