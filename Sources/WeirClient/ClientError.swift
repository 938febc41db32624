public import Kinesis

/// Why something that a client was asked for did not happen.
public enum ClientError: Error, Sendable, Hashable {
    /// The service refused: AWS's code, its text if there is one, and the status of HTTP.
    case service(code: String, message: String?, status: Int)
    /// The server could not be reached; nothing was sent.
    case unreachable(String)
    /// The connection was lost before the answer came; whether the service did what it was asked
    /// is not known.
    case lost(String)
    /// The answer is not what the protocol allows.
    case response(String)
    /// The client was told something that cannot be: an endpoint, a file, a starting position.
    case configuration(String)
    /// More calls wait than a client keeps.
    case tooManyCalls
    /// The task that waited was cancelled.
    case cancelled
    /// The client was closed.
    case closed

    /// The service's code as one of those that Weir knows; nil for others and for errors that are
    /// not the service's.
    public var code: ErrorCode? {
        guard case .service(let code, _, _) = self else { return nil }
        return ErrorCode(rawValue: code)
    }

    /// Whether the same call may succeed a moment later, and the service has not done it.
    public var isThrottling: Bool {
        guard case .service(let code, _, let status) = self else { return false }
        switch ErrorCode(rawValue: code) {
        case .provisionedThroughputExceeded, .limitExceeded, .throttling, .kmsThrottling:
            return true
        case .serviceUnavailable: return true
        default: return status == 503 || status == 429
        }
    }

    /// Whether the server could not be reached, so that nothing was done.
    public var isUnreachable: Bool {
        if case .unreachable = self { true } else { false }
    }

    /// Whether the same call may succeed a moment later, although it may have been done already.
    public var isTransient: Bool {
        switch self {
        case .lost: true
        case .service(_, _, let status): isThrottling || status >= 500
        default: false
        }
    }
}

extension ClientError: CustomStringConvertible {
    /// One line for people.
    public var description: String {
        switch self {
        case .service(let code, let message, _):
            message.map { "\($0) (\(code))" } ?? code
        case .unreachable(let reason): reason
        case .lost(let reason): reason
        case .response(let reason): "unexpected answer: \(reason)"
        case .configuration(let reason): reason
        case .tooManyCalls: "too many calls wait for an answer"
        case .cancelled: "cancelled"
        case .closed: "the client was closed"
        }
    }
}
