import Catalog
import Kinesis
import Reactor
import ShardLog

/// A change that was handed to the log, and what its request is answered when it is durable.
final class PendingChange {
    let request: Request
    let change: CatalogChange
    /// Makes the answer of the result.
    let makeAnswer: (CatalogResult) -> [UInt8]
    /// The error of a refusal that has a text of its own.
    private let ownError: (CatalogRefusal) -> ServiceError?
    /// Nil until the catalog has said what it makes of the change.
    var answer: [UInt8]?
    /// The log's word, if it came before the catalog's.
    var outcome: ControlOutcome?

    init(
        request: Request, change: CatalogChange, answer: @escaping (CatalogResult) -> [UInt8],
        refusal: @escaping (CatalogRefusal) -> ServiceError?
    ) {
        self.request = request
        self.change = change
        makeAnswer = answer
        ownError = refusal
    }

    /// What the client is told when the catalog refuses.
    func error(of refusal: CatalogRefusal) -> ServiceError {
        ownError(refusal) ?? ServiceError(refusal)
    }
}

/// The way of a change: planned by the catalog, at once or on another thread, made durable by the
/// log, and then answered.
extension ReactorGateway {
    /// Hands a change to the catalog.
    func submit(_ pending: PendingChange) throws(ServiceError) {
        if !isLarge(pending.change) {
            let token = waiting.insert(.control(pending))
            do throws(CatalogRefusal) {
                let result = try node.catalog.performAtOnce(
                    pending.change, waiter: Waiter(reader: index, token: token))
                if let result {
                    pending.answer = pending.makeAnswer(result)
                    return
                }
            } catch {
                waiting.remove(token)
                throw pending.error(of: error)
            }
            waiting.remove(token)
        }
        // It is about many shards, or the catalog is busy with one that is.
        let reactor = index
        let change = pending.change
        try pending.request.run(.processor, .control(pending)) { [node] token, _ in
            .planned(node.catalog.planned(change, Waiter(reader: reactor, token: token)))
        }
    }

    /// Whether it takes longer than a turn may to decide what a change does to each shard.
    private func isLarge(_ change: CatalogChange) -> Bool {
        func open(_ key: StreamKey) -> Int { snapshot.stream(key)?.open.count ?? 0 }
        let shards =
            switch change {
            case .createStream(let asked): max(asked.shardCount ?? 0, Int(asked.warmMiBps ?? 0))
            case .deleteStream(let key, _): snapshot.stream(key)?.shards.count ?? 0
            case .updateStream(let key, .shardCount(let target)): max(open(key), target)
            case .updateStream(let key, .warmThroughput(let miBps)): max(open(key), Int(miBps))
            case .updateStream(let key, .mode(_, let miBps?)): max(open(key), Int(miBps))
            default: 0
            }
        return shards > Limits.inlineShards
    }

    /// The blocking pool has handed a large change to the log, which may have answered first.
    func planned(_ token: UInt64, _ result: Result<CatalogResult, CatalogRefusal>) {
        guard case .control(let pending) = waiting[token] else {
            // A status that could not be ended: it has ended, or the housekeeper comes back.
            if case .failure = result { waiting.remove(token) }
            return
        }
        pending.request.workEnded()
        switch result {
        case .success(let result):
            pending.answer = pending.makeAnswer(result)
            if let outcome = pending.outcome { controlSettled(token, outcome) }
        case .failure(let refusal):
            waiting.remove(token)
            pending.request.fail(pending.error(of: refusal))
        }
    }

    /// The log's word about a change.
    func controlSettled(_ token: UInt64, _ outcome: ControlOutcome) {
        if case .control(let pending) = waiting[token], pending.answer == nil {
            pending.outcome = outcome
            return
        }
        guard case .control(let pending) = waiting.remove(token) else { return }
        switch outcome {
        case .applied:
            refreshSnapshot()
            transitions.schedule(snapshot)
            pending.request.succeed(pending.answer ?? [])
        case .failed:
            pending.request.fail(.internalFailure)
        }
    }
}

extension Catalog {
    /// `perform` as a value.
    func planned(
        _ change: CatalogChange, _ waiter: Waiter
    ) -> Result<CatalogResult, CatalogRefusal> {
        do throws(CatalogRefusal) {
            return .success(try perform(change, waiter: waiter))
        } catch {
            return .failure(error)
        }
    }
}
