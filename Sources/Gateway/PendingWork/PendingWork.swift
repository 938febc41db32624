import Catalog
import Kinesis
import Reactor
import ShardLog

/// What a thread that may wait does for a request or a subscription. It is given up with its
/// owner: what has not begun never begins, what runs is told that nobody waits for it.
struct BlockingWork {
    let job: BlockingJob
    /// Where the reactor keeps whom to tell.
    let token: UInt64
}

extension ReactorGateway {
    /// Has `work` done in a lane; its outcome comes back to `waiting` by its token.
    func run(
        _ lane: BlockingPool.Lane, for owner: JobOwner, _ whom: Waiting,
        _ work: @escaping @Sendable (UInt64, BlockingJob) -> WorkResult
    ) throws(BlockingRefusal) -> BlockingWork {
        let token = waiting.insert(whom)
        let reactor = index
        let result = node.blocking.run(lane, for: owner) { [node] job in
            node.post(.done(token: token, work(token, job)), to: reactor)
        }
        switch result {
        case .success(let job): return BlockingWork(job: job, token: token)
        case .failure(let refusal):
            waiting.remove(token)
            throw refusal
        }
    }

    /// Has a thread let go of a catalog from before shards by the thousands came or went: who is the
    /// last to do so frees them, 0.2 µs each.
    func release(_ snapshot: CatalogSnapshot) {
        _ = node.blocking.run(.pages, for: .node) { _ in withExtendedLifetime(snapshot) {} }
    }

    /// Gives work up; answers whether it never began, so that nothing of it will be heard.
    @discardableResult
    func giveUp(_ work: BlockingWork) -> Bool {
        guard work.job.cancel() else { return false }
        waiting.remove(work.token)
        return true
    }

    /// A thread has done what was asked under this token.
    func workDone(_ token: UInt64, _ result: WorkResult) {
        if case .planned(let result) = result { return planned(token, result) }
        switch (waiting.remove(token), result) {
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
            for follower in subscription.feed.takeFollowers(of: subscription) {
                follower.diskAnswered(cut)
            }
            subscription.diskAnswered(take(cut, for: subscription.feed))
            // Somebody else's turn has come.
            if let next = diskBusy.popLast() { next.diskWasBusy() }
        case (.decoded(let request), .decoded(let put)):
            request.workEnded()
            request.letGo()
            guard request.isOpen else { return }
            perform(request, put)
        default: break
        }
    }
}

extension Request {
    /// Has work done for this request in a lane. At the bound of the lane it is told that it has
    /// to come back.
    func run(
        _ lane: BlockingPool.Lane, _ whom: Waiting,
        _ work: @escaping @Sendable (UInt64, BlockingJob) -> WorkResult
    ) throws(ServiceError) {
        precondition(self.work == nil, "A request has one piece of work at a time.")
        do throws(BlockingRefusal) {
            self.work = try gateway.run(lane, for: connection.jobOwner, whom, work)
        } catch {
            throw .busy(lane, error)
        }
    }
}

extension ServiceError {
    /// A lane has no room for this peer's work, or for anybody's.
    static func busy(_ lane: BlockingPool.Lane, _ refusal: BlockingRefusal) -> ServiceError {
        let what =
            switch lane {
            case .disk: "reads that wait for the disk"
            case .processor: "large calls that wait for a processor"
            case .pages: "pages that wait to be made"
            }
        switch refusal {
        case .connection:
            return ServiceError(
                .serviceUnavailable,
                "This connection has too many \(what). Try again when some are answered.")
        case .address:
            return ServiceError(
                .serviceUnavailable,
                "The connections of your address have too many \(what). Try again when some are "
                    + "answered.")
        case .full:
            return ServiceError(
                .serviceUnavailable, "The server has too many \(what). Try again.")
        case .stopped: return .goingDown
        }
    }
}
