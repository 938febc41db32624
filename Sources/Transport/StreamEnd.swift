public import Reactor
public import System
public import TLS

/// Why a stream ended that was not closed from here.
public enum StreamEnd: Error, Sendable {
    /// None of the addresses could be connected to; the last of them, and why.
    case unreachable(SocketAddress, SystemError)
    /// It was not open in time.
    case timedOut
    /// The peer cannot be trusted, or does not speak TLS as it should.
    case tls(TLSError)
    /// The peer closed it.
    case closedByPeer
    /// The kernel broke it.
    case failed(SystemError)
}
