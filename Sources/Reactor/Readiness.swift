internal import CLinux

/// What the kernel reports about a descriptor.
public struct Readiness: OptionSet, Sendable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// A read returns at once: bytes, the end of the stream, or an error (`EPOLLIN`).
    public static let readable = Readiness(rawValue: WEIR_EPOLLIN)
    /// A write takes at least one byte (`EPOLLOUT`).
    public static let writable = Readiness(rawValue: WEIR_EPOLLOUT)
    /// Both directions are closed (`EPOLLHUP`). Reported every turn, whatever the interest, until
    /// the registration is removed.
    public static let hangup = Readiness(rawValue: WEIR_EPOLLHUP)
    /// The descriptor has an error to collect (`EPOLLERR`). Reported every turn, whatever the
    /// interest, until the registration is removed.
    public static let error = Readiness(rawValue: WEIR_EPOLLERR)
    /// The peer has closed its sending direction. Bytes that arrived before can still be read;
    /// reported every turn with an interest in `readable` or `peerClosed` (`EPOLLRDHUP`).
    public static let peerClosed = Readiness(rawValue: WEIR_EPOLLRDHUP)
}

/// What somebody wants to be told about a descriptor; level-triggered.
public struct Interest: OptionSet, Sendable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Tell when a read would not wait.
    public static let readable = Interest(rawValue: WEIR_EPOLLIN)
    /// Tell when a write would not wait.
    public static let writable = Interest(rawValue: WEIR_EPOLLOUT)
    /// Tell when the peer has closed its sending direction, also while nothing is being read: for
    /// a connection that is paused but must notice its peer's departure.
    public static let peerClosed = Interest(rawValue: WEIR_EPOLLRDHUP)
}

/// One descriptor that a reactor watches.
///
/// The number makes it distinct from every earlier registration of the same descriptor, so that an
/// event that was fetched for a closed socket is never delivered to its successor.
public struct Registration: Sendable, Hashable {
    /// The watched descriptor.
    public let descriptor: Int32
    let number: UInt32

    /// Both in the 64 bits that the kernel gives back with an event.
    var token: UInt64 { UInt64(number) << 32 | UInt64(UInt32(bitPattern: descriptor)) }

    init(descriptor: Int32, number: UInt32) {
        self.descriptor = descriptor
        self.number = number
    }

    init(token: UInt64) {
        descriptor = Int32(bitPattern: UInt32(truncatingIfNeeded: token))
        number = UInt32(token >> 32)
    }
}

/// Whoever reacts to a descriptor's readiness. The reactor holds it until it is removed.
public protocol ReadinessHandler: AnyObject {
    /// Called on the reactor's thread, once a turn while the descriptor is ready. It may add,
    /// update and remove any registration, its own included.
    func ready(_ readiness: Readiness)
}

/// Whoever has work left when its share of a turn is used up.
public protocol TurnHandler: AnyObject {
    /// Called on the reactor's thread in the turn after `Reactor.runNextTurn`.
    func turn()
}
