import Logging
import Synchronization
import TLS

/// Keeps the identity in force fit for the time of day: what the server issued itself is issued
/// anew while it runs, before it expires and when the clock went back behind its beginning.
///
/// Threads: `look` is called by the housekeeper, `reload` by whoever waits for signals.
final class CertificateRenewal: Sendable {
    private let certificates: Certificates
    private let logger: Logger
    private let times: @Sendable () -> ClosedRange<Int64>
    private let apply: @Sendable (Identity) -> Void
    private let state: Mutex<State>

    private struct State {
        var identity: Identity
        /// By the monotonic clock: not tried again before this.
        var pauseEnd: UInt64 = 0
        /// Why it could not be issued last time: told once.
        var failure: String?
    }

    /// What cannot be issued, or is limited by an authority that ends soon, is tried again only
    /// after this. What comes out right is not held up by it: the clock may be wrong now, and right
    /// a moment later.
    static let pauseNanoseconds: UInt64 = 60 * 1_000_000_000

    /// - Parameters:
    ///   - identity: in force already.
    ///   - times: what the two clocks say, as `Certificates` has it.
    ///   - apply: puts another one in force for new connections.
    init(
        _ certificates: Certificates, inForce identity: Identity, logger: Logger,
        times: @escaping @Sendable () -> ClosedRange<Int64>,
        apply: @escaping @Sendable (Identity) -> Void
    ) {
        self.certificates = certificates
        self.logger = logger
        self.times = times
        self.apply = apply
        state = Mutex(State(identity: identity))
    }

    /// Reads the files again, whatever is in force.
    func reload() {
        state.withLock { state in
            do throws(StartFailure) {
                state.identity = try certificates.load(now: times())
                apply(state.identity)
                logger.info("new connections get the certificates as they are now")
            } catch {
                logger.error("the certificates in use stay: \(error)")
            }
        }
    }

    /// Issues a certificate if the one in force is not fit for the time of day. `now` in
    /// nanoseconds of the monotonic clock.
    func look(now: UInt64) {
        let seconds = times()
        state.withLock { state in
            guard now >= state.pauseEnd, certificates.isDue(state.identity, now: seconds) else {
                return
            }
            state.pauseEnd = now + Self.pauseNanoseconds
            do throws(StartFailure) {
                let issued = try certificates.load(now: seconds)
                let isFit = !certificates.isDue(issued, now: seconds)
                let isBetter =
                    issued.validFromSeconds < state.identity.validFromSeconds
                    || issued.validUntilSeconds > state.identity.validUntilSeconds
                state.identity = issued
                state.failure = nil
                if isFit { state.pauseEnd = 0 }
                guard isFit || isBetter else { return }
                apply(issued)
                logger.info("a new certificate was issued; new connections get it")
            } catch {
                let text = "\(error)"
                if state.failure != text { logger.error("the certificate in use stays: \(text)") }
                state.failure = text
            }
        }
    }
}
