import Access
import Catalog
import HTTP
import Kinesis
import Reactor
import ShardLog
import System
import Wire

/// Where injected faults meet calls.
extension FaultTable {
    /// Performs a call under the faults that are in force: now, later, or not at all.
    func perform(
        _ request: Request, about subject: RequestSubject,
        _ work: @escaping () throws(ServiceError) -> Void
    ) throws(ServiceError) {
        guard let operation = request.operation else { return }
        let gateway = request.gateway
        let verdict = verdict(
            operation, about: subject, Owner(request.caller), now: Moment(gateway.node))
        guard verdict.delayMilliseconds > 0 else {
            if let error = verdict.error { throw error }
            return try work()
        }
        // The body's memory stays reserved: what is to be done later still has it, unless the client
        // goes away first.
        let timer = Timer {
            request.delay = nil
            // Other reactors have not waited.
            gateway.refreshSnapshot()
            do throws(ServiceError) {
                if let error = verdict.error { throw error }
                try work()
            } catch {
                request.fail(error)
            }
        }
        request.delay = timer
        gateway.reactor.schedule(
            timer, at: gateway.reactor.now &+ UInt64(verdict.delayMilliseconds) &* 1_000_000)
    }
}

extension FaultTable.Moment {
    /// Now.
    init(_ node: Node) {
        self.init(
            node: node.log.presentMilliseconds(), monotonic: MonotonicClock.nanoseconds)
    }
}

extension FaultTable.Owner {
    init(_ caller: Caller) {
        self.init(account: caller.account, region: caller.region)
    }
}
