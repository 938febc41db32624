/// A seam for tests: what happens to a socket's calls before the kernel sees them.
///
/// Without one, which is how the server runs, every call goes straight to the kernel.
public protocol SocketFaults: AnyObject {
    /// Asked before each attempt, repeated ones after `EINTR` included. `count` is how many bytes
    /// are wanted; 1 for an accept.
    func before(_ call: SocketCall, count: Int) -> SocketFault
}

/// The calls that a fault can strike.
public enum SocketCall: Sendable, Hashable {
    case read, write, accept
}

/// What strikes.
public enum SocketFault: Sendable, Hashable {
    /// Nothing; the kernel decides.
    case none
    /// The call moves at most this many bytes, at least 1.
    case short(Int)
    /// The call fails with this errno, without reaching the kernel. `EINTR` is repeated, `EAGAIN`
    /// becomes would-block.
    case failure(Int32)
}
