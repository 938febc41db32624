import System
import WeirClient

/// Why a command ends: one line for people, and the status for programs.
struct CommandFailure: Error, Hashable, CustomStringConvertible {
    var description: String
    var status: ExitStatus

    init(_ description: String, _ status: ExitStatus) {
        self.description = description
        self.status = status
    }

    /// What went wrong and, where that is known, what helps.
    init(_ error: any Error) {
        switch error {
        case let failure as CommandFailure: self = failure
        case let failure as StreamFailure:
            self.init("\(failure)", failure.isClosed ? .closedOutput : .inputOutput)
        case let error as ClientError:
            self.init("\(error)\(Self.advice(error))", Self.status(error))
        default: self.init("\(error)", .refused)
        }
    }

    private static func status(_ error: ClientError) -> ExitStatus {
        switch error {
        case .unreachable, .lost: .unavailable
        case .configuration: .configuration
        case .service, .response, .tooManyCalls, .cancelled, .closed: .refused
        }
    }

    private static func advice(_ error: ClientError) -> String {
        switch error {
        case .unreachable(let reason) where reason.contains("certificate verify failed"):
            "; name the authority that signed it with --ca-file or AWS_CA_BUNDLE: "
                + "tls/ca.pem in the server's data folder"
        case .unreachable(let reason) where reason.contains("Connection refused"):
            "; start `weir serve` there, or name another server with --endpoint-url"
        case .unreachable(let reason) where reason.contains("has no address"):
            "; look at --endpoint-url, AWS_ENDPOINT_URL_KINESIS and the name service"
        default: ""
        }
    }
}
