import Kinesis
import Reactor

extension Request {
    /// Has work done for this request in a lane. At the bound of the lane it is told that it has
    /// to come back.
    func run(
        _ lane: BlockingPool.Lane, _ whom: Waiting,
        _ work: @escaping @Sendable (UInt64, BlockingJob) -> WorkResult
    ) throws(ServiceError) {
        precondition(self.work == nil, "A request has one piece of work at a time.")
        do throws(BlockingRefusal) {
            self.work = try gateway.waiting.run(lane, for: connection.jobOwner, whom, work)
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
