import Glibc
import Testing

@testable import Reactor

/// Two connected sockets.
func connectedPair() throws -> (Socket, Socket) {
    var descriptors: [Int32] = [-1, -1]
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    try #require(unsafe socketpair(AF_UNIX, kind, 0, &descriptors) == 0)
    return (Socket(descriptor: descriptors[0]), Socket(descriptor: descriptors[1]))
}

/// A readiness handler made of a closure.
final class OnReady: ReadinessHandler {
    private let body: (Readiness) -> Void

    init(_ body: @escaping (Readiness) -> Void) { self.body = body }

    func ready(_ readiness: Readiness) { body(readiness) }
}

/// A turn handler made of a closure.
final class OnTurn: TurnHandler {
    private let body: () -> Void

    init(_ body: @escaping () -> Void) { self.body = body }

    func turn() { body() }
}

extension Reactor {
    /// Takes turns until `condition` holds; gives up after five seconds.
    func turn(until condition: () -> Bool) {
        let limit = now + 5_000_000_000
        while !condition(), now < limit { takeTurn(longestWaitNanoseconds: 10_000_000) }
    }
}

extension Socket {
    /// Reads once, at most `count` bytes.
    func read(_ count: Int = Limits.readBytes) -> (IOResult, [UInt8]) {
        var result = IOResult.wouldBlock
        let bytes = [UInt8](capacity: count) { output in
            result = read(into: &output)
        }
        return (result, bytes)
    }
}
