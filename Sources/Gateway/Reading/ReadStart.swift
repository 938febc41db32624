import Catalog
import Kinesis
import Reactor
import ShardLog

/// Where reading of a shard starts, before it is known where in the log that is.
enum ReadStart: Sendable, Equatable {
    /// The oldest record that retention has left.
    case horizon
    /// The first record with this index or a greater one.
    case at(UInt64)
    /// The first record with a greater index.
    case after(UInt64)
    /// The first record that arrived then or later, milliseconds since 1970.
    case arrival(Int64)

    /// The index after which a client that starts here resumes while it has seen nothing; 0 when
    /// that is not known.
    var continuation: UInt64 {
        switch self {
        case .horizon, .arrival: 0
        case .at(let index): index == 0 ? 0 : index - 1
        case .after(let index): index
        }
    }

    /// Finds the place.
    ///
    /// - Parameters:
    ///   - cutoff: what arrived before this has expired, milliseconds since 1970.
    ///   - mayWait: whether this thread may wait for the disk; then the answer is never `.cold`.
    func locate(in shard: ShardState, cutoff: Int64, mayWait: Bool) -> Located {
        let log = shard.log
        let found: Located =
            switch self {
            case .horizon: .found(log.horizon)
            case .at(0), .after(0): .found(log.horizon)
            case .at(let index): log.position(afterIndex: index - 1, mayWait: mayWait)
            case .after(let index): log.position(afterIndex: index, mayWait: mayWait)
            case .arrival(let milliseconds):
                log.position(arrivalAtLeast: milliseconds, mayWait: mayWait)
            }
        // A shard that is younger than its retention has no expired records.
        guard Int64(shard.createdSecond) * 1000 < cutoff, case .found(let place) = found else {
            return found
        }
        switch log.position(arrivalAtLeast: cutoff, mayWait: mayWait) {
        case .found(let oldest): return .found(max(place, oldest))
        case let other: return other
        }
    }

    /// Finds the place, and what a client that starts there resumes after while it has seen nothing.
    /// Nil when that needs a thread that may wait.
    func resolve(
        in shard: ShardState, cutoff: Int64, mayWait: Bool
    ) -> Result<ReadPlace, ServiceError>? {
        switch locate(in: shard, cutoff: cutoff, mayWait: mayWait) {
        case .cold: return nil
        case .damaged(let position, let reason):
            return .failure(
                .damagedLog(
                    shard: shard.id, position: position,
                    reason: shard.problem(at: position, reason)))
        case .found(let position):
            guard case .arrival = self else {
                return .success(ReadPlace(position: position, continuation: continuation))
            }
            // An index below the first record there, and above those before it.
            var index: UInt64 = 0
            let read = shard.log.read(
                from: position, maximumRecords: 1, maximumBytes: 1, mayWait: mayWait
            ) { record in
                index = record.index - 1
                return false
            }
            if case .cold = read.outcome { return nil }
            let quiet = shard.log.quietPoint()
            if index == 0, quiet.tail == position { index = quiet.continuation }
            return .success(ReadPlace(position: position, continuation: index))
        }
    }
}

/// Where in a log a reader starts.
struct ReadPlace: Sendable {
    var position: Position
    /// The index that it resumes after while it has seen nothing; 0 when that is not known.
    var continuation: UInt64
}

extension ShardState {
    /// The index of the ending number of a closed shard: above every record's.
    static var endIndex: UInt64 { SequenceNumber.greatestIndex }

    /// A record's number as clients see it.
    func number(index: UInt64, arrivalMilliseconds: Int64) -> SequenceNumber {
        SequenceNumber(
            shardCreatedSecond: createdSecond, shardIndex: id.index, index: index,
            second: min(SequenceNumber.greatestSecond, UInt64(max(0, arrivalMilliseconds)) / 1000))
    }

    /// The node time that an index tells, milliseconds since 1970. Indices count from the moment of
    /// the change that made the shard, which may lie before its creation second.
    func milliseconds(of index: UInt64) -> Int64 {
        log.createdMilliseconds + Int64(index >> 20)
    }

    /// The index in a sequence number that a client sent for this shard.
    func index(of text: String, in stream: StreamState) throws(ServiceError) -> UInt64 {
        switch SequenceNumberFinding(
            text.utf8.span, shardIndex: id.index, shardCreatedSecond: createdSecond)
        {
        case .fine(let number): return number.index
        case .otherShard(let other):
            throw .sequenceNumberOfOtherShard(encoded: ShardID(index: other), used: id)
        case .otherStream:
            throw .sequenceNumberOfOtherStream(
                text, shardID: id.description, stream: stream.name, account: stream.account)
        case .notANumber, .undecodable:
            throw .sequenceNumberInvalid(
                text, shardID: id.description, stream: stream.name, account: stream.account)
        }
    }

    /// The number of a place that is no record's; its second is the one that the index tells.
    func continuationNumber(_ index: UInt64) -> SequenceNumber {
        number(
            index: index, arrivalMilliseconds: milliseconds(of: index))
    }
}

extension ReadStart {
    /// Finds the place, here or in the blocking pool, and goes on with it on the request's reactor.
    func locate(
        in shard: ShardState, cutoff: Int64, for request: Request,
        then next: @escaping (Result<ReadPlace, ServiceError>) -> Void
    ) {
        if let found = resolve(in: shard, cutoff: cutoff, mayWait: false) {
            return next(found)
        }
        do throws(ServiceError) {
            try request.run(.disk, .located(request, next)) { _, _ in
                guard let found = resolve(in: shard, cutoff: cutoff, mayWait: true) else {
                    preconditionFailure("A search that may wait came to no end.")
                }
                return .located(found)
            }
        } catch {
            next(.failure(error))
        }
    }
}

extension ServiceError {
    /// The bytes of a record are not what was written.
    static func damagedLog(shard: ShardID, position: Position, reason: String) -> ServiceError {
        ServiceError(
            .internalFailureException,
            "The log of \(shard) is damaged at position \(position): \(reason)")
    }

    static func damagedLog(shard: ShardID, _ text: String) -> ServiceError {
        ServiceError(.internalFailureException, "The log of \(shard) is damaged at \(text)")
    }

    /// The call would have been done.
    static var dryRun: ServiceError {
        ServiceError(
            .dryRunOperation,
            "The request would have succeeded, but the DryRun parameter is set.")
    }
}
