/// A structure of the service model: its members in declared order.
///
/// The order is part of the protocol: conversion errors and violated constraints are reported in it.
/// A decoded structure is a run of slots, one for each member and behind a nested structure's slot
/// those of its members; a list's or map's elements follow behind the outermost structure's.
final class Structure: Sendable {
    /// The model's name.
    let name: String
    let members: [Member]
    /// The slot of each member, counted from the structure's first.
    let offsets: [Int]
    /// How many slots one instance takes, nested structures included.
    let slots: Int

    init(_ name: String, _ members: [Member]) {
        self.name = name
        self.members = members
        var offsets: [Int] = []
        var next = 0
        for member in members {
            offsets.append(next)
            next += 1
            if member.kind == .structure { next += member.inner?.slots ?? 0 }
        }
        self.offsets = offsets
        slots = next
        // The elements of a collection are one run of slots, found by a multiplication; a second
        // run would have to be told from the first.
        precondition(collections <= 1, "a shape has at most one list or map")
        for member in members where member.kind == .list {
            precondition(member.inner?.collections == 0, "elements hold no lists or maps")
        }
    }

    /// How many lists and maps an instance has.
    private var collections: Int {
        var count = 0
        for member in members {
            switch member.kind {
            case .list, .map, .texts: count += 1
            case .structure: count += member.inner?.collections ?? 0
            default: break
            }
        }
        return count
    }

    /// The index of the member called `name`, which the shape must have.
    func index(of name: String) -> Int {
        for index in members.indices where members[index].name == name { return index }
        preconditionFailure("\(self.name) has no member \(name)")
    }

    /// The index of the member whose name is `name`; looks first where a client that keeps the
    /// declared order would have it.
    func index(named name: Span<UInt8>, expecting expected: Int) -> Int? {
        for step in members.indices {
            var index = expected + step
            if index >= members.count { index -= members.count }
            if members[index].isNamed(name) { return index }
        }
        return nil
    }
}
