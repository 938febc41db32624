/// Whether the log takes records and changes of the control state.
public enum Health: Sendable, Hashable {
    case accepting
    /// Something is lacking, disk space in the first place: records may be refused, one by one, for
    /// the reason given in one line. Changes and deletes are taken, from the reserve if need be. It
    /// passes by itself.
    case lacking(reason: String)
    /// Nothing new is taken, for the reason given in one line, which also says what ends it; what is
    /// published can be read.
    case refusing(reason: String)

    /// Why not everything is accepted; nil if it is.
    public var reason: String? {
        switch self {
        case .accepting: nil
        case .lacking(let reason), .refusing(let reason): reason
        }
    }

    /// One word for metrics.
    public var name: String {
        switch self {
        case .accepting: "accepting"
        case .lacking: "lacking"
        case .refusing: "refusing"
        }
    }

    public static let names = ["accepting", "lacking", "refusing"]
}
