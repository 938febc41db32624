import System
import Access
import Catalog
import HTTP
import Kinesis
import Reactor
import ShardLog
import Wire

/// The operations that inject faults, and where faults meet calls and subscriptions.
extension ReactorGateway {
    func injectFault(_ request: Request, _ input: InjectFault.Input) throws(ServiceError) {
        let faults = try allowedFaults()
        let owner = FaultTable.Owner(request.caller)
        let id = try faults.inject(input.fault, owner, now: moment)
        if input.fault.kind == .cutSubscriptions {
            for reactor in node.counters.indices {
                node.post(.cut(input.fault, owner), to: reactor)
            }
        }
        request.succeed(InjectFault.Output(id: id).encoded(request.encoding))
    }

    func listFaults(_ request: Request, _ input: ListFaults.Input) throws(ServiceError) {
        let faults = try allowedFaults().list(
            FaultTable.Owner(request.caller), now: moment)
        request.succeed(ListFaults.Output(faults: faults).encoded(request.encoding))
    }

    func clearFaults(_ request: Request, _ input: ClearFaults.Input) throws(ServiceError) {
        let count = try allowedFaults().clear(
            input.id, FaultTable.Owner(request.caller), now: moment)
        request.succeed(ClearFaults.Output(count: count).encoded(request.encoding))
    }

    /// Now, as faults are told it.
    var moment: FaultTable.Moment {
        FaultTable.Moment(node)
    }

    private func allowedFaults() throws(ServiceError) -> FaultTable {
        guard let faults = node.faults else { throw .faultInjectionOff }
        return faults
    }

    /// Performs a call under the faults that are in force: now, later, or not at all.
    func perform(
        _ request: Request, _ faults: FaultTable, about subject: RequestSubject,
        _ work: @escaping () throws(ServiceError) -> Void
    ) throws(ServiceError) {
        guard let operation = request.operation else { return }
        let verdict = faults.verdict(
            operation, about: subject, FaultTable.Owner(request.caller), now: moment)
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

    /// What a fault has for one record of a put.
    func injectedError(_ pending: PendingPut, stream: String, _ shard: ShardID) -> ServiceError? {
        guard let faults = node.faults, let operation = pending.request.operation else {
            return nil
        }
        return faults.verdict(
            recordOf: operation, stream: stream, shard: shard,
            FaultTable.Owner(pending.request.caller), now: moment)
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
