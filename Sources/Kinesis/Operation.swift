/// An operation that Weir answers, of one of its services.
///
/// A service is a case here, an enumeration of its operations, and a table of their handlers in the
/// gateway.
public enum Operation: Sendable, Hashable, CaseIterable {
    case kinesis(KinesisOperation)
    case weir(WeirOperation)

    /// All of every service, each at the place of its ``ordinal``.
    public static let allCases: [Operation] =
        KinesisOperation.allCases.map(Operation.kinesis)
        + WeirOperation.allCases.map(Operation.weir)

    /// The operation that the value of `X-Amz-Target` names, case-sensitive and whole: the prefix
    /// says the service, the rest its operation.
    public init?(target: Span<UInt8>) {
        if let name = Self.kinesisNames.find(target) {
            self = .kinesis(name)
        } else if let name = Self.weirNames.find(target) {
            self = .weir(name)
        } else {
            return nil
        }
    }

    // Made once: they are looked into for each request.
    private static let kinesisNames = TargetNames<KinesisOperation>()
    private static let weirNames = TargetNames<WeirOperation>()

    /// Its place among all operations, from 0.
    public var ordinal: Int {
        switch self {
        case .kinesis(let operation): Int(operation.rawValue)
        case .weir(let operation): KinesisOperation.allCases.count + Int(operation.rawValue)
        }
    }

    /// The operation's name, such as `PutRecord`.
    public var name: String {
        switch self {
        case .kinesis(let operation): operation.name
        case .weir(let operation): operation.name
        }
    }

    /// The value of `X-Amz-Target`, such as `Kinesis_20131202.PutRecord`.
    public var target: String {
        switch self {
        case .kinesis(let operation): operation.target
        case .weir(let operation): operation.target
        }
    }

    /// What a policy calls it, such as `kinesis:PutRecord`.
    public var action: String {
        switch self {
        case .kinesis(let operation): operation.action
        case .weir(let operation): operation.action
        }
    }
}

/// The operations of one service, numbered from 0 in the order of their declaration.
public protocol ServiceOperation: CaseIterable, Sendable, RawRepresentable<UInt8> {
    /// What stands before the dot in `X-Amz-Target`: the service and its version.
    static var targetPrefix: String { get }
    /// What stands before the colon in the name of an action.
    static var actionPrefix: String { get }
    /// The operation's name, such as `PutRecord`.
    var name: String { get }
}

extension ServiceOperation {
    /// The value of `X-Amz-Target`, such as `Kinesis_20131202.PutRecord`.
    public var target: String { Self.targetPrefix + "." + name }
    /// What a policy calls it, such as `kinesis:PutRecord`.
    public var action: String { Self.actionPrefix + ":" + name }
}

/// The targets of one service as bytes.
private struct TargetNames<Service: ServiceOperation>: Sendable {
    /// Of operations whose targets are equally long, those that have this many bytes.
    private let byLength: [[(target: [UInt8], operation: Service)]]

    init() {
        var byLength: [[(target: [UInt8], operation: Service)]] = []
        for operation in Service.allCases {
            let target = Array(operation.target.utf8)
            while byLength.count <= target.count { byLength.append([]) }
            byLength[target.count].append((target, operation))
        }
        self.byLength = byLength
    }

    func find(_ target: Span<UInt8>) -> Service? {
        guard target.count < byLength.count else { return nil }
        for known in byLength[target.count] where Self.equal(known.target, target) {
            return known.operation
        }
        return nil
    }

    /// Names differ at their ends, so that is where the comparison begins.
    private static func equal(_ known: [UInt8], _ found: Span<UInt8>) -> Bool {
        var place = found.count
        while place > 0 {
            place -= 1
            if known[place] != found[place] { return false }
        }
        return true
    }
}
