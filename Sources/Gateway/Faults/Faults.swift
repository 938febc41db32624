import System
import Access
import Catalog
import HTTP
import Kinesis
import Reactor
import ShardLog
import Wire

/// Where injected faults meet calls and subscriptions.
extension ReactorGateway {
    /// Performs a call under the faults that are in force: now, later, or not at all.
    func perform(
        _ request: Request, _ faults: FaultTable, about subject: RequestSubject,
        _ work: @escaping () throws(ServiceError) -> Void
    ) throws(ServiceError) {
        guard let operation = request.operation else { return }
        let verdict = faults.verdict(
            operation, about: subject, FaultTable.Owner(request.caller),
            now: FaultTable.Moment(node))
        guard verdict.delayMilliseconds > 0 else {
            if let error = verdict.error { throw error }
            return try work()
        }
        // The body's memory stays reserved: what is to be done later still has it, unless the client
        // goes away first.
        let timer = Timer { [unowned self] in
            request.delay = nil
            // Other reactors have not waited.
            refreshSnapshot()
            do throws(ServiceError) {
                if let error = verdict.error { throw error }
                try work()
            } catch {
                request.fail(error)
            }
        }
        request.delay = timer
        reactor.schedule(
            timer, at: reactor.now &+ UInt64(verdict.delayMilliseconds) &* 1_000_000)
    }

    /// Cuts the subscriptions that a fault is for.
    func cut(_ fault: Fault, _ owner: FaultTable.Owner) {
        for subscription in subscriptions.all
        where subscription.owner == owner && fault.concerns(subscription.subject) {
            subscription.request.exchange.reset(.internalError)
            subscription.request.connection.markDirty()
        }
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
