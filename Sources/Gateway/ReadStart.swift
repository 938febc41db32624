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

    /// Finds the place without waiting for the disk.
    ///
    /// - Parameter cutoff: what arrived before this has expired, milliseconds since 1970.
    func locate(in shard: ShardState, cutoff: Int64) -> Located {
        let log = shard.log
        let found: Located =
            switch self {
            case .horizon: .found(log.horizon)
            case .at(0), .after(0): .found(log.horizon)
            case .at(let index): log.position(afterIndex: index - 1)
            case .after(let index): log.position(afterIndex: index)
            case .arrival(let milliseconds): log.position(arrivalAtLeast: milliseconds)
            }
        // A shard that is younger than its retention has no expired records.
        guard Int64(shard.createdSecond) * 1000 < cutoff, case .found(let place) = found else {
            return found
        }
        switch log.position(arrivalAtLeast: cutoff) {
        case .found(let oldest): return .found(max(place, oldest))
        case let other: return other
        }
    }

    /// Finds the place on a worker thread, which may wait for the disk.
    func locateWaiting(in shard: ShardState, cutoff: Int64) -> Result<Position, ServiceError> {
        while true {
            switch locate(in: shard, cutoff: cutoff) {
            case .found(let position): return .success(position)
            case .damaged(let position, let reason):
                return .failure(.damagedLog(shard: shard.id, position: position, reason: reason))
            case .cold(let range):
                if case .damaged(let position, let reason) = shard.log.prefault(range) {
                    return .failure(
                        .damagedLog(shard: shard.id, position: position, reason: reason))
                }
            }
        }
    }
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

    /// The number of a place that is no record's; its second is the one that the index tells.
    func continuationNumber(_ index: UInt64) -> SequenceNumber {
        number(
            index: index, arrivalMilliseconds: milliseconds(of: index))
    }
}

extension Worker {
    /// Finds a place, here or on a worker thread, and goes on with it on this reactor.
    func locate(
        _ start: ReadStart, in shard: ShardState, cutoff: Int64, for request: Request,
        then next: @escaping (Result<Position, ServiceError>) -> Void
    ) {
        switch start.locate(in: shard, cutoff: cutoff) {
        case .found(let position): next(.success(position))
        case .damaged(let position, let reason):
            next(.failure(.damagedLog(shard: shard.id, position: position, reason: reason)))
        case .cold:
            do throws(ServiceError) {
                try request.run(.disk, .located(request, next)) { _, _ in
                    .located(start.locateWaiting(in: shard, cutoff: cutoff))
                }
            } catch {
                next(.failure(error))
            }
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
