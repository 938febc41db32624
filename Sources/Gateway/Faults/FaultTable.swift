import Kinesis
import Synchronization

/// The faults that are in force, and whom they hit. It exists only on a server that allows them.
///
/// Shares are kept exactly, not by chance: of a fault with 25 % every fourth call is hit, so a
/// test sees the same each time. Faults are kept in memory; a restart ends them.
final class FaultTable: Sendable {
    /// Whose calls a fault is for.
    struct Owner: Hashable {
        var account: String
        var region: String
    }

    /// A point in time by two clocks.
    struct Moment {
        /// The node's time, by which iterators are issued, milliseconds.
        var node: Int64
        /// The monotonic clock's, by which faults end, nanoseconds.
        var monotonic: UInt64
    }

    /// What a fault does to a call.
    struct Verdict: Equatable {
        var delayMilliseconds = 0
        var error: ServiceError?

        var isHarmless: Bool { delayMilliseconds == 0 && error == nil }
    }

    private struct Entry {
        var owner: Owner
        var injected: InjectedFault
        /// When it is over by the monotonic clock; nil if it has no such end.
        var endsAt: UInt64?
        /// Hundredths of a hit that have come together.
        var share = 0
    }

    private struct State {
        var entries: [Entry] = []
        var next = 1
    }

    /// Faults that are kept at once.
    static let limit = 100

    private let state = Mutex(State())

    /// Adds a fault and answers its id. One that cuts subscriptions is over at once.
    func inject(_ fault: Fault, _ owner: Owner, now: Moment) throws(ServiceError) -> String {
        let id: String? = state.withLock { state in
            Self.drop(&state, now)
            guard state.entries.count < Self.limit else { return nil }
            let id = "fault-\(state.next)"
            state.next += 1
            if fault.kind != .cutSubscriptions {
                let injected = InjectedFault(
                    id: id, fault: fault, hits: 0, injectedMilliseconds: now.node)
                let end = fault.durationSeconds.map {
                    now.monotonic + UInt64($0) * 1_000_000_000
                }
                state.entries.append(Entry(owner: owner, injected: injected, endsAt: end))
            }
            return id
        }
        guard let id else { throw .tooManyFaults(limit: Self.limit) }
        return id
    }

    func list(_ owner: Owner, now: Moment) -> [InjectedFault] {
        state.withLock { state in
            Self.drop(&state, now)
            return state.entries.filter { $0.owner == owner }.map(\.injected)
        }
    }

    /// Ends one fault or all of an owner; answers how many.
    func clear(_ id: String?, _ owner: Owner, now: Moment) throws(ServiceError) -> Int {
        let count = state.withLock { state in
            Self.drop(&state, now)
            let before = state.entries.count
            state.entries.removeAll { entry in
                entry.owner == owner && (id == nil || entry.injected.id == id)
            }
            return before - state.entries.count
        }
        if let id, count == 0 { throw .faultNotFound(id) }
        return count
    }

    /// What happens to a call as a whole; to one of Weir's own operations, nothing.
    func verdict(
        _ operation: Operation, about subject: RequestSubject, _ owner: Owner, now: Moment
    ) -> Verdict {
        guard case .kinesis(let operation) = operation else { return Verdict() }
        return state.withLock { state in
            Self.drop(&state, now)
            var verdict = Verdict()
            for index in state.entries.indices {
                let fault = state.entries[index].injected.fault
                guard state.entries[index].owner == owner, fault.concerns(operation),
                    fault.concerns(subject)
                else { continue }
                switch fault.kind {
                case .delay:
                    if Self.hit(&state.entries[index]) {
                        verdict.delayMilliseconds += fault.delayMilliseconds ?? 0
                    }
                case .fail:
                    if verdict.error == nil, Self.hit(&state.entries[index]) {
                        verdict.error = fault.error
                    }
                case .throttle:
                    // Records of puts are throttled one by one.
                    if operation.putsRecords { continue }
                    if verdict.error == nil, Self.hit(&state.entries[index]) {
                        verdict.error = .throttled(operation, subject, account: owner.account)
                    }
                case .expireIterators:
                    guard operation == .getRecords, verdict.error == nil,
                        let iterator = subject.iterator,
                        let text = iterator.expiry(
                            before: state.entries[index].injected.injectedMilliseconds,
                            now: now.node)
                    else { continue }
                    _ = Self.hit(&state.entries[index])
                    verdict.error = .expiredIterator(text)
                case .cutSubscriptions, .stallSubscriptions: continue
                }
            }
            return verdict
        }
    }

    /// What happens to one record of a put: throttling, and failures that are for its shard.
    func verdict(
        recordOf operation: KinesisOperation, stream: String, shard: ShardID, _ owner: Owner,
        now: Moment
    ) -> ServiceError? {
        var subject = RequestSubject(streamName: stream)
        subject.shardIndex = shard.index
        return state.withLock { state in
            Self.drop(&state, now)
            for index in state.entries.indices {
                let fault = state.entries[index].injected.fault
                guard state.entries[index].owner == owner, fault.concerns(operation),
                    fault.concerns(subject)
                else { continue }
                switch fault.kind {
                case .throttle:
                    guard Self.hit(&state.entries[index]) else { continue }
                    return .writeRateExceeded(
                        shardID: shard.description, stream: stream, account: owner.account)
                case .fail:
                    // Without a shard it was for the whole call.
                    guard fault.shardIndex != nil, Self.hit(&state.entries[index]) else {
                        continue
                    }
                    return fault.error
                default: continue
                }
            }
            return nil
        }
    }

    /// Whether a subscription is to be sent nothing now.
    func stalls(_ subject: RequestSubject, _ owner: Owner, now: Moment) -> Bool {
        state.withLock { state in
            Self.drop(&state, now)
            return state.entries.contains { entry in
                entry.injected.fault.kind == .stallSubscriptions && entry.owner == owner
                    && entry.injected.fault.concerns(subject)
            }
        }
    }

    /// Counts a call that a fault is for; answers whether it is hit.
    private static func hit(_ entry: inout Entry) -> Bool {
        entry.share += entry.injected.fault.percentage
        guard entry.share >= 100 else { return false }
        entry.share -= 100
        entry.injected.hits += 1
        return true
    }

    /// Drops what is over.
    private static func drop(_ state: inout State, _ now: Moment) {
        state.entries.removeAll { entry in
            if let end = entry.endsAt, now.monotonic >= end { return true }
            guard let times = entry.injected.fault.times else { return false }
            return entry.injected.hits >= times
        }
    }
}

extension Fault {
    func concerns(_ operation: KinesisOperation) -> Bool {
        self.operation == nil || self.operation == operation
    }

    /// Whether a request or a subscription is among those that this is for. What is not known of a
    /// subject, as the shard of a call that is about a stream, is not what a fault asks for.
    func concerns(_ subject: RequestSubject) -> Bool {
        (streamName == nil || streamName == subject.streamName)
            && (consumerName == nil || consumerName == subject.consumerName)
            && (shardIndex == nil || shardIndex == subject.shardIndex)
    }
}

extension KinesisOperation {
    var putsRecords: Bool { self == .putRecord || self == .putRecords }
}

extension ServiceError {
    /// What a call above a rate is answered.
    fileprivate static func throttled(
        _ operation: KinesisOperation, _ subject: RequestSubject, account: String
    ) -> ServiceError {
        guard operation == .getRecords || operation == .getShardIterator else {
            return .callRateExceeded(operation)
        }
        return .readRateExceeded(
            shardID: subject.shardIndex.map { ShardID(index: $0).description } ?? "",
            stream: subject.streamName ?? "", account: account)
    }
}

extension ShardIterator {
    /// The text for an iterator that was issued at a time or before it; nil if it was not.
    fileprivate func expiry(before time: Int64, now: Int64) -> String? {
        guard issuedMilliseconds <= time else { return nil }
        return expiry(nowMilliseconds: max(now, issuedMilliseconds + 1), toleratedMilliseconds: 0)
    }
}
