import Glibc
import Testing
import TLS

/// Seconds since 1970.
var now: Int64 { Int64(time(nil)) }

/// An authority and a server's identity, made once for all tests that need no other.
enum Fixture {
    static let authority: Result<CertificateAuthority, TLSError> = Result { () throws(TLSError) in
        try CertificateAuthority.create(now: now)
    }
    static let identity: Result<Identity, TLSError> = Result { () throws(TLSError) in
        try makeIdentity(authority.get())
    }
}

func makeIdentity(
    _ authority: CertificateAuthority, names: [String] = ["localhost"],
    addresses: [String] = ["127.0.0.1", "::1"]
) throws(TLSError) -> Identity {
    let issued = try authority.issue(names: names, addresses: addresses, now: now)
    return try Identity(
        certificateChainPEM: issued.certificateChainPEM, privateKeyPEM: issued.privateKeyPEM)
}

func serverContext(
    identity: Identity? = nil, tickets: TicketKeys = TicketKeys(),
    alpn: [String] = ["h2", "http/1.1"]
) throws(TLSError) -> TLSContext {
    let chosen = if let identity { identity } else { try Fixture.identity.get() }
    return try TLSContext(server: chosen, tickets: tickets, alpn: alpn)
}

func clientContext(
    trust: [UInt8]? = nil, alpn: [String] = ["h2", "http/1.1"]
) throws(TLSError) -> TLSContext {
    let chosen = if let trust { trust } else { try Fixture.authority.get().certificatePEM }
    return try TLSContext(client: chosen, alpn: alpn)
}

/// One end of a connection, with the bytes that it wants to send and those that it has decrypted.
final class End {
    let connection: TLSConnection
    private let scratch = TLSScratch()
    private(set) var outgoing: [UInt8] = []
    private(set) var received: [UInt8] = []
    private(set) var largestPiece = 0

    init(
        _ context: TLSContext, serverName: String? = nil, resuming session: TLSSession? = nil
    ) throws(TLSError) {
        connection = try TLSConnection(
            context: context, scratch: scratch, serverName: serverName, resuming: session)
    }

    func start() {
        _ = connection.start()
        takeOutput()
    }

    func receive(_ bytes: ArraySlice<UInt8>) -> TLSProgress {
        let copy = Array(bytes)
        let progress = connection.receive(copy.span) { piece in
            largestPiece = max(largestPiece, piece.count)
            for i in 0..<piece.count { received.append(piece[i]) }
        }
        takeOutput()
        return progress
    }

    func send(_ bytes: [UInt8]) -> TLSProgress {
        var sent = 0
        while sent < bytes.count {
            let piece = Array(bytes[sent..<min(sent + 16_384, bytes.count)])
            _ = connection.send(piece.span)
            takeOutput()
            sent += piece.count
        }
        return connection.progress
    }

    func closeNotify() {
        connection.closeNotify()
        takeOutput()
    }

    private func takeOutput() {
        connection.takeOutput { bytes in
            for i in 0..<bytes.count { outgoing.append(bytes[i]) }
        }
    }

    func takeOutgoing() -> [UInt8] {
        defer { outgoing = [] }
        return outgoing
    }
}

/// A client and a server with nothing but memory between them.
struct Link {
    let client: End
    let server: End

    init(
        client clientSide: TLSContext, server serverSide: TLSContext,
        serverName: String = "localhost", resuming session: TLSSession? = nil
    ) throws(TLSError) {
        client = try End(clientSide, serverName: serverName, resuming: session)
        server = try End(serverSide)
        client.start()
    }

    /// Carries bytes both ways, in pieces as long as `piece` says, until both are silent.
    func settle(piece: () -> Int = { .max }) {
        while true {
            let toServer = client.takeOutgoing()
            let toClient = server.takeOutgoing()
            if toServer.isEmpty, toClient.isEmpty { return }
            carry(toServer, to: server, piece)
            carry(toClient, to: client, piece)
        }
    }

    private func carry(_ bytes: [UInt8], to end: End, _ piece: () -> Int) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = min(max(piece(), 1), rest.count)
            _ = end.receive(rest.prefix(count))
            rest = rest.dropFirst(count)
        }
    }
}

func isFailed(_ progress: TLSProgress) -> Bool {
    if case .failed = progress { return true }
    return false
}

func reason(_ progress: TLSProgress) -> String? {
    if case .failed(let error) = progress { return error.reason }
    return nil
}
