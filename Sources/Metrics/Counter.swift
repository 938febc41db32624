public import Synchronization

/// A number that only grows. One thread adds to it, any thread reads it.
public struct Counter: ~Copyable, Sendable {
    @usableFromInline let count = Atomic<UInt64>(0)

    @inlinable public init() {}

    @inlinable public var value: UInt64 { count.load(ordering: .relaxed) }

    /// Adds; called by the owning thread only, so this needs no locked instruction.
    @inlinable public func add(_ amount: UInt64 = 1) {
        count.store(count.load(ordering: .relaxed) &+ amount, ordering: .relaxed)
    }

    /// Keeps the largest of the amounts; called by the owning thread only.
    @inlinable public func raise(to amount: UInt64) {
        if amount > value { count.store(amount, ordering: .relaxed) }
    }
}

/// A number that only grows, and that any thread adds to.
public struct SharedCounter: ~Copyable, Sendable {
    @usableFromInline let count = Atomic<UInt64>(0)

    @inlinable public init() {}

    @inlinable public var value: UInt64 { count.load(ordering: .relaxed) }

    @inlinable public func add(_ amount: UInt64 = 1) {
        count.wrappingAdd(amount, ordering: .relaxed)
    }
}

/// A level that goes up and down. One thread sets it, any thread reads it.
public struct Gauge: ~Copyable, Sendable {
    @usableFromInline let level = Atomic<Int>(0)

    @inlinable public init() {}

    @inlinable public var value: Int { level.load(ordering: .relaxed) }

    /// Called by the owning thread only, as the others.
    @inlinable public func set(_ value: Int) { level.store(value, ordering: .relaxed) }

    @inlinable public func add(_ amount: Int = 1) {
        level.store(level.load(ordering: .relaxed) &+ amount, ordering: .relaxed)
    }

    @inlinable public func subtract(_ amount: Int = 1) { add(0 &- amount) }
}

/// A level that any thread moves.
public struct SharedGauge: ~Copyable, Sendable {
    @usableFromInline let level = Atomic<Int>(0)

    @inlinable public init() {}

    @inlinable public var value: Int { level.load(ordering: .relaxed) }

    @inlinable public func set(_ value: Int) { level.store(value, ordering: .relaxed) }

    @inlinable public func add(_ amount: Int = 1) { level.wrappingAdd(amount, ordering: .relaxed) }

    @inlinable public func subtract(_ amount: Int = 1) {
        level.wrappingSubtract(amount, ordering: .relaxed)
    }
}
