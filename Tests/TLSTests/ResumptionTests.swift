import Testing
import TLS

struct ResumptionTests {
    /// A full handshake, and the session that it leaves with the client.
    private func session(
        _ client: TLSContext, _ server: TLSContext
    ) throws -> TLSSession {
        let link = try Link(client: client, server: server)
        link.settle()
        #expect(!link.client.connection.wasResumed)
        return try #require(link.client.connection.session)
    }

    /// Whether the server took the session; works either way.
    private func resumes(
        _ session: TLSSession, _ client: TLSContext, _ server: TLSContext
    ) throws -> Bool {
        let link = try Link(client: client, server: server, resuming: session)
        link.settle()
        #expect(link.client.connection.progress == .open)
        #expect(link.server.connection.progress == .open)
        #expect(link.server.send([1, 2, 3]) == .open)
        link.settle()
        #expect(link.client.received == [1, 2, 3])
        #expect(link.client.connection.wasResumed == link.server.connection.wasResumed)
        return link.server.connection.wasResumed
    }

    @Test(arguments: [TLSContext.Version.tls12, .tls13])
    func `a ticket of one context is redeemed at another with the same keys`(
        _ version: TLSContext.Version
    ) throws {
        let tickets = TicketKeys()
        let client = try clientContext()
        client.limit(to: version)
        let first = try serverContext(tickets: tickets)
        let second = try serverContext(tickets: tickets)
        #expect(try resumes(session(client, first), client, second))
    }

    @Test func `a ticket under other keys costs a full handshake and nothing else`() throws {
        let client = try clientContext()
        let session = try session(client, serverContext())
        #expect(try !resumes(session, client, serverContext()))
    }

    @Test func `a ticket survives two rotations of the keys and not the third`() throws {
        let tickets = TicketKeys()
        let client = try clientContext()
        let server = try serverContext(tickets: tickets)
        let session = try session(client, server)
        tickets.rotate()
        #expect(try resumes(session, client, server))
        tickets.rotate()
        #expect(try resumes(session, client, server))
        tickets.rotate()
        #expect(try !resumes(session, client, server))
    }
}
