import Synchronization

/// The node's memory for what its peers make it hold: request heads, bodies as they arrive, and
/// answers until they are taken. It is `--memory`.
///
/// Seven eighths are the common part. A connection may hold as much of it as is still free, an
/// address four times that: whoever holds much gets no more long before the others get nothing, and
/// however many hold as much as they may, a part stays free (n connections at their bound leave one
/// part in n + 1). The last eighth is the floor: when the common part refuses, a connection may
/// hold an eighth of what is free of the floor, so that a small call is admitted while large ones
/// are refused.
///
/// Nothing ever waits here: what does not fit is refused at once, by an answer 503 that frees what
/// the request held. So no two requests can wait for each other's memory; of those under way at any
/// moment the last one that is left always fits, since what one request may hold at most fits into
/// the common part of an idle node.
final class MemoryBudget: Sendable {
    /// What one connection holds.
    struct Holding {
        fileprivate(set) var common = 0
        fileprivate(set) var floor = 0
        var bytes: Int { common + floor }
    }

    /// The limit in bytes, and its two parts.
    let limit: Int
    let commonLimit: Int
    let floorLimit: Int
    private let common = Atomic<Int>(0)
    private let floor = Atomic<Int>(0)

    /// An address may hold so many times what is free.
    static let addressFactor = 4
    /// A connection may hold this part of what is free of the floor.
    static let floorDivisor = 8

    init(limit: Int) {
        precondition(limit >= 8, "A memory budget needs room.")
        self.limit = limit
        floorLimit = limit / 8
        commonLimit = limit - limit / 8
        let overhead = min(Limits.headOverhead, commonLimit / 2)
        answersOfConnection = max(Limits.answerBytesPerConnection, limit / 192)
        largestBody = min(Limits.bodyBytes, commonLimit - overhead)
        largestRequest = largestBody + overhead
    }

    /// Answers of one connection that are being made or have not been taken: beyond it the
    /// connection's further requests wait.
    let answersOfConnection: Int
    /// The largest body that is taken: it has to fit into the common part, beside its head.
    let largestBody: Int
    /// The most that a single request may come to hold.
    private let largestRequest: Int

    /// Bytes that are held now.
    var heldBytes: Int { common.load(ordering: .relaxed) + floor.load(ordering: .relaxed) }

    /// Takes `count` bytes if they fit.
    func take(_ count: Int, _ holding: inout Holding, _ peer: PeerMemory) -> Bool {
        let used = common.load(ordering: .relaxed)
        let free = commonLimit - used
        let mayHold =
            count <= free && holding.common + count <= free
            && peer.bytes + count <= Self.addressFactor * free
        if mayHold || isAlone(holding, used, count), takeCommon(count) {
            holding.common += count
            peer.add(count)
            return true
        }
        return takeFloor(count, &holding)
    }

    /// A request that nobody stands beside may have all that a single one may come to hold.
    private func isAlone(_ holding: Holding, _ used: Int, _ count: Int) -> Bool {
        used == holding.common && used + count <= largestRequest
            && floor.load(ordering: .relaxed) == holding.floor
    }

    private func takeCommon(_ count: Int) -> Bool {
        // Two threads may both have seen room for one: the sum decides.
        let before = common.wrappingAdd(count, ordering: .relaxed).oldValue
        if before + count <= commonLimit { return true }
        common.wrappingSubtract(count, ordering: .relaxed)
        return false
    }

    private func takeFloor(_ count: Int, _ holding: inout Holding) -> Bool {
        let free = floorLimit - floor.load(ordering: .relaxed)
        guard holding.floor + count <= free / Self.floorDivisor else { return false }
        let before = floor.wrappingAdd(count, ordering: .relaxed).oldValue
        guard before + count <= floorLimit else {
            floor.wrappingSubtract(count, ordering: .relaxed)
            return false
        }
        holding.floor += count
        return true
    }

    /// Gives back what `take` took; the floor first.
    func giveBack(_ count: Int, _ holding: inout Holding, _ peer: PeerMemory) {
        precondition(count <= holding.bytes, "More was given back than taken.")
        let ofFloor = min(count, holding.floor)
        if ofFloor > 0 {
            holding.floor -= ofFloor
            floor.wrappingSubtract(ofFloor, ordering: .relaxed)
        }
        let ofCommon = count - ofFloor
        if ofCommon > 0 {
            holding.common -= ofCommon
            peer.add(-ofCommon)
            common.wrappingSubtract(ofCommon, ordering: .relaxed)
        }
    }
}

/// What the connections of one address hold of the common part.
final class PeerMemory: Sendable {
    private let held = Atomic<Int>(0)

    var bytes: Int { held.load(ordering: .relaxed) }

    fileprivate func add(_ count: Int) { held.wrappingAdd(count, ordering: .relaxed) }
}
