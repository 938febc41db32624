/// The connections of a reactor that have not made a request yet, the oldest first.
///
/// A list in the order of arrival, because that is the order in which they are given up when there
/// is no room for others. Linked through the connections themselves.
final class Newcomers {
    private var head: Connection?
    private var tail: Connection?

    deinit {
        // Neighbours keep each other alive.
        while let first = head { remove(first) }
    }

    func append(_ connection: Connection) {
        connection.previousNewcomer = tail
        connection.nextNewcomer = nil
        tail?.nextNewcomer = connection
        tail = connection
        if head == nil { head = connection }
    }

    /// Takes a connection out; one that is not here is left alone.
    func remove(_ connection: Connection) {
        let previous = connection.previousNewcomer
        let next = connection.nextNewcomer
        guard previous != nil || next != nil || head === connection else { return }
        previous?.nextNewcomer = next
        next?.previousNewcomer = previous
        if head === connection { head = next }
        if tail === connection { tail = previous }
        connection.previousNewcomer = nil
        connection.nextNewcomer = nil
    }

    /// Closes those that have had their time, for others that wait to be accepted. The next time
    /// comes 10 ms later, so one turn looks at `newcomersPerLook` and closes `closesPerLook`.
    func makeRoom(now: UInt64) {
        var next = head
        var looked = 0
        var closed = 0
        while let connection = next, looked < Limits.newcomersPerLook,
            closed < Limits.closesPerLook,
            now > connection.openedAt &+ Limits.silencePatience
        {
            next = connection.nextNewcomer
            looked += 1
            guard now > connection.openedAt &+ connection.patience else { continue }
            closed += 1
            connection.close(.noRequest)
        }
    }
}
