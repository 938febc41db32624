import Catalog
import Kinesis
import Reactor
import ShardLog

/// Who waits for a thing that another thread does, under a token.
enum Waiting {
    case put(PendingPut)
    /// Told when its change is durable and published, or refused.
    case control(PendingChange)
    /// A transition of a stream or consumer is being completed; nobody is answered.
    case transition
    /// Told when a thread has made the whole answer.
    case answer(Request)
    /// Told when a thread has decoded the body.
    case decoded(Request)
    /// Told when a thread has made a page of ours.
    case page(Request)
    case located(Request, (Result<ReadPlace, ServiceError>) -> Void)
    /// Told when a thread has cut its next event out of cold pages.
    case cut(Subscription)
    /// A subscription's, or that of one which has gone and others wait for.
    case place(Place)
}

/// What a thread that may wait does for a request or a subscription. It is given up with its
/// owner: what has not begun never begins, what runs is told that nobody waits for it.
struct BlockingWork {
    let job: BlockingJob
    /// Under which whom to tell is kept.
    let token: UInt64
}

/// What one reactor waits for: the committer's word, a thread of the blocking pool, another reactor.
///
/// Whoever works for this reactor knows a token and brings back a value. The token finds who waits,
/// or nobody any more.
final class PendingWork {
    private let node: Node
    private let reactor: Int
    private var table = TokenTable<Waiting>()

    init(node: Node, reactor: Int) {
        self.node = node
        self.reactor = reactor
    }

    /// How much is waited for.
    var count: Int { table.count }

    /// Keeps who waits, and answers the token.
    func insert(_ whom: Waiting) -> UInt64 { table.insert(whom) }

    /// Who waits under a token; nil when nobody does any more.
    subscript(token: UInt64) -> Waiting? { table[token] }

    /// Takes out who waits under a token, which finds nobody from now on.
    @discardableResult
    func remove(_ token: UInt64) -> Waiting? { table.remove(token) }

    /// The name of somebody who waits here, for the committer.
    func waiter(_ token: UInt64) -> Waiter { Waiter(reader: reactor, token: token) }

    // MARK: The blocking pool

    /// Has `work` done in a lane; its outcome comes back to `finish` by its token.
    func run(
        _ lane: BlockingPool.Lane, for owner: JobOwner, _ whom: Waiting,
        _ work: @escaping @Sendable (UInt64, BlockingJob) -> WorkResult
    ) throws(BlockingRefusal) -> BlockingWork {
        let token = table.insert(whom)
        let result = node.blocking.run(lane, for: owner) { [node, reactor] job in
            node.post(.done(token: token, work(token, job)), to: reactor)
        }
        switch result {
        case .success(let job): return BlockingWork(job: job, token: token)
        case .failure(let refusal):
            table.remove(token)
            throw refusal
        }
    }

    /// Gives work up; answers whether it never began, so that nothing of it will be heard.
    @discardableResult
    func giveUp(_ work: BlockingWork) -> Bool {
        guard work.job.cancel() else { return false }
        table.remove(work.token)
        return true
    }

    /// Has a thread let go of a catalog from before shards by the thousands came or went: who is the
    /// last to do so frees them, 0.2 µs each.
    func release(_ snapshot: CatalogSnapshot) {
        _ = node.blocking.run(.pages, for: .node) { _ in withExtendedLifetime(snapshot) {} }
    }

    /// A thread has done what was asked under this token; tells who waits for it.
    func finish(_ token: UInt64, _ result: WorkResult, for gateway: ReactorGateway) {
        if case .planned(let result) = result { return gateway.planned(token, result) }
        switch (table.remove(token), result) {
        case (.answer(let request), .answer(let answer)):
            request.workEnded()
            request.finish(answer)
        case (.page(let request), .page(let answer)):
            request.workEnded()
            request.answer(answer)
        case (.located(let request, let next), .located(let found)):
            request.workEnded()
            if request.isOpen { next(found) }
        case (.cut(let subscription), .cut(let cut)):
            gateway.subscriptions.diskAnswered(subscription, cut)
        case (.decoded(let request), .decoded(let put)):
            request.workEnded()
            request.letGo()
            guard request.isOpen else { return }
            gateway.perform(request, put)
        default: break
        }
    }
}
