import Reactor
import TLS
import Transport

/// One connection to a floor server: it says its role, and what comes then is counted.
final class FloorClient: TLSStreamOwner {
    /// Connecting to this machine takes longer only if something is wrong.
    private static let openNanoseconds: UInt64 = 60_000_000_000

    private(set) var stream: TLSStream?
    private let role: String
    private let opened: () -> Void
    private let ended: (StreamEnd) -> Void
    var received: (Span<UInt8>) -> Void = { _ in }

    /// A connection that begins.
    init(
        role: String, to address: SocketAddress, tls: TLSContext, in context: TransportContext,
        opened: @escaping () -> Void, ended: @escaping (StreamEnd) -> Void
    ) {
        self.role = role
        self.opened = opened
        self.ended = ended
        let stream = TLSStream(
            connectingTo: [address], serverName: "localhost", tls: tls,
            openNanoseconds: Self.openNanoseconds, in: context, owner: self)
        self.stream = stream
        stream.start()
    }

    func close() { stream?.close() }

    func streamOpened(_ stream: TLSStream) {
        stream.send(Array(role.utf8).span)
        opened()
    }

    func streamReceived(_ stream: TLSStream, _ plaintext: Span<UInt8>) { received(plaintext) }

    func streamDrained(_ stream: TLSStream) {}

    func streamEnded(_ stream: TLSStream, _ end: StreamEnd) { ended(end) }
}
