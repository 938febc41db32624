import Catalog
import ShardLog
import Synchronization
import System

/// Ephemeral consumers, such as those of `weir tail`, are deregistered when nobody has read as them
/// for a minute: a program that crashed, or whose machine went away, leaves nothing behind.
///
/// When a consumer was last seen with a subscription is known here alone, by the monotonic clock;
/// a start begins the minute anew. The tag itself is in the catalog.
public final class EphemeralConsumers: Sendable {
    private struct State {
        /// When each was last seen in use, or for the first time.
        var lastUse: [UInt64: UInt64] = [:]
        var nextLook: UInt64 = 0
    }

    private let node: Node
    private let state = Mutex(State())

    public init(_ node: Node) {
        self.node = node
    }

    /// Deregisters those that nobody has used for long. The housekeeper calls it about once a
    /// second; it looks less often.
    ///
    /// - Parameter now: Nanoseconds of the monotonic clock.
    public func deregisterAbandoned(now: UInt64) {
        let patience = node.settings.timeScale.nanoseconds(
            seconds: Limits.ephemeralConsumerSeconds)
        let isTime = state.withLock { state in
            guard now >= state.nextLook else { return false }
            state.nextLook = now + patience / 10
            return true
        }
        guard isTime else { return }
        let catalog = node.catalog.snapshot
        var known: [UInt64: StreamState] = [:]
        for (consumer, stream) in catalog.ephemeralConsumers {
            known[consumer] = catalog.stream(id: stream)
        }
        // Asked before the mutex is taken: no lock is held while another one is.
        let used = Set(known.filter { isUsed($0.key, in: $0.value) }.keys)
        let abandoned = state.withLock { state in
            state.lastUse = state.lastUse.filter { known[$0.key] != nil }
            for consumer in known.keys
            where state.lastUse[consumer] == nil || used.contains(consumer) {
                state.lastUse[consumer] = now
            }
            return state.lastUse.filter { now - $0.value >= patience }.map(\.key)
        }
        for id in abandoned {
            if let stream = known[id], let consumer = stream.consumer(id: id) {
                deregister(consumer, of: stream)
            }
        }
    }

    /// Whether there is a subscription of this consumer. A reader of a stream has one to its first
    /// shard as a rule, so this seldom looks further.
    private func isUsed(_ consumer: UInt64, in stream: StreamState) -> Bool {
        stream.shards.contains { shard in
            node.slots.status(
                SubscriptionSlots.Key(consumer: consumer, shard: shard.number.rawValue)) != nil
        }
    }

    private func deregister(_ consumer: ConsumerState, of stream: StreamState) {
        do throws(CatalogRefusal) {
            try node.catalog.perform(
                .deregisterConsumer(
                    stream.key, name: consumer.name, createdSecond: consumer.createdSecond),
                waiter: nil)
        } catch {
            // Gone meanwhile, not ACTIVE yet, or the log takes no writes: the next call looks
            // again.
        }
    }
}
