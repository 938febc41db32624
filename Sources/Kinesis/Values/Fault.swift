/// A fault that people inject to test their own programs: what is to go wrong, and for whom.
///
/// What is nil is not looked at: a fault without an operation is for all of AWS's.
public struct Fault: Sendable, Hashable {
    /// What goes wrong.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// Calls, and single records of puts, are told that a rate was exceeded.
        case throttle = "THROTTLE"
        /// Calls are performed later.
        case delay = "DELAY"
        /// Calls, and with a shard single records of puts, get an error of the injector's choice.
        case fail = "FAIL"
        /// Iterators that were issued before are told to have expired.
        case expireIterators = "EXPIRE_ITERATORS"
        /// Subscriptions that are open are cut off, as by a lost connection; once.
        case cutSubscriptions = "CUT_SUBSCRIPTIONS"
        /// Subscriptions are sent nothing while the fault lasts.
        case stallSubscriptions = "STALL_SUBSCRIPTIONS"

        /// Whether it is about single calls, of which a share or a number can be hit.
        public var isAboutCalls: Bool {
            switch self {
            case .throttle, .delay, .fail: true
            case .expireIterators, .cutSubscriptions, .stallSubscriptions: false
            }
        }
    }

    public var kind: Kind
    public var operation: KinesisOperation?
    public var streamName: String?
    public var consumerName: String?
    public var shardIndex: UInt32?
    /// The share of the calls or records that it hits, 1 to 100.
    public var percentage: Int
    /// After so many hits it is over; nil if it has no such end.
    public var times: Int?
    /// After so many seconds it is over; nil if it has no such end.
    public var durationSeconds: Int?
    /// What ``Kind/fail`` answers.
    public var error: ServiceError?
    /// How much later ``Kind/delay`` has calls performed.
    public var delayMilliseconds: Int?

    /// A fault of a kind for everything, until it is cleared.
    public init(_ kind: Kind) {
        self.kind = kind
        percentage = 100
    }
}

/// A fault that was injected, and what has become of it.
public struct InjectedFault: Sendable, Hashable {
    /// Unique while the server runs.
    public var id: String
    public var fault: Fault
    /// How often it has hit.
    public var hits: Int
    /// When it was injected, milliseconds since 1970.
    public var injectedMilliseconds: Int64

    public init(id: String, fault: Fault, hits: Int, injectedMilliseconds: Int64) {
        self.id = id
        self.fault = fault
        self.hits = hits
        self.injectedMilliseconds = injectedMilliseconds
    }

    /// When it is over, milliseconds since 1970; nil if it has no such end.
    public var endMilliseconds: Int64? {
        fault.durationSeconds.map { injectedMilliseconds + Int64($0) * 1000 }
    }
}
