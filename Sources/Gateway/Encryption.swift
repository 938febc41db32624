import Catalog
import Kinesis

/// StartStreamEncryption and StopStreamEncryption. Records are stored in clear, and no answer says
/// otherwise: a start is refused when everything else about it is right.
extension ReactorGateway {
    func startEncryption(
        _ request: Request, _ input: StartStreamEncryption.Input
    ) throws(ServiceError) {
        guard input.isKMS else { throw .encryptionTypeNone }
        try request.stream(input.stream).checkActive()
        throw .encryptionUnavailable
    }

    func stopEncryption(
        _ request: Request, _ input: StopStreamEncryption.Input
    ) throws(ServiceError) {
        try request.stream(input.stream).checkActive()
        request.succeed([])
    }
}

extension StreamState {
    /// Refuses what can only be done to an ACTIVE stream.
    func checkActive() throws(ServiceError) {
        guard status == .active else {
            throw .streamNotActive(name: name, account: account, status: status)
        }
    }
}
