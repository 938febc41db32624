public import Reactor
internal import System
public import TLS
internal import Transport

/// What the connections of one client on one reactor share: the server's addresses, the TLS
/// context, the buffers, and the order of work in a turn.
///
/// Belongs to the reactor's thread, as its connections do.
public final class ClientContext {
    public let reactor: Reactor
    public let endpoint: Endpoint
    let addresses: [SocketAddress]
    let tls: TLSContext
    let transport: TransportContext
    let authority: [UInt8]
    /// Runs at the end of each turn before output is written: for requests that waited.
    var beforeOutput: (() -> Void)?

    private var withOutput: [ClientConnection] = []

    /// - Parameters:
    ///   - addresses: The endpoint's, at least one, in the order in which they are tried.
    ///   - tls: A client's context that offers `h2` alone.
    public init(
        reactor: Reactor, endpoint: Endpoint, addresses: [SocketAddress], tls: TLSContext
    ) {
        precondition(!addresses.isEmpty, "an endpoint has an address")
        self.reactor = reactor
        self.endpoint = endpoint
        self.addresses = addresses
        self.tls = tls
        authority = Array(endpoint.authority.utf8)
        transport = TransportContext(reactor: reactor)
        reactor.atEndOfTurn { [weak self] in self?.endTurn() }
    }

    /// Finds the endpoint's addresses and makes a TLS context; asks the resolver and may wait for
    /// the network.
    public static func prepare(
        _ configuration: ClientConfiguration
    ) throws(ClientError) -> (addresses: [SocketAddress], tls: TLSContext) {
        let endpoint = configuration.endpoint
        let addresses: [SocketAddress]
        do throws(SystemError) {
            addresses = try SocketAddress.resolve(host: endpoint.host, port: endpoint.port)
        } catch {
            throw .unreachable("\(endpoint.host) has no address")
        }
        do throws(TLSError) {
            let tls = try TLSContext(client: configuration.trustedCertificates, alpn: ["h2"])
            return (addresses, tls)
        } catch {
            throw .configuration("the trusted certificates: \(error.reason)")
        }
    }

    /// Lets `connection` write at the end of this turn; once is enough.
    func noteOutput(of connection: ClientConnection) {
        withOutput.append(connection)
    }

    private func endTurn() {
        beforeOutput?()
        // Writing closes connections, and their owners may ask for output of others, or have calls
        // for connections that are yet to be opened: no other turn would come for these.
        while !withOutput.isEmpty {
            var connections: [ClientConnection] = []
            swap(&connections, &withOutput)
            for connection in connections { connection.writeOutput() }
            beforeOutput?()
        }
    }
}
