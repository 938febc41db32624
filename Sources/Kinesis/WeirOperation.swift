/// The operations of Weir's own, beside those of Kinesis.
public enum WeirOperation: UInt8, ServiceOperation {
    case commitCursor
    case listCursors
    case injectFault
    case listFaults
    case clearFaults

    /// From the version of the model in `proto-spec`.
    public static let targetPrefix = "Weir_20261122"
    public static let actionPrefix = "weir"

    public var name: String {
        switch self {
        case .commitCursor: "CommitCursor"
        case .listCursors: "ListCursors"
        case .injectFault: "InjectFault"
        case .listFaults: "ListFaults"
        case .clearFaults: "ClearFaults"
        }
    }
}
