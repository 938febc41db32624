/// Who asks for blocking work: one connection, of one address.
public struct JobOwner: Hashable, Sendable {
    /// Connections of one address take their turns together.
    public var address: PeerAddress
    /// The reactor that serves the connection, and its number there: together they tell the
    /// connections of an address apart.
    public var reactor: Int
    public var connection: UInt64

    public init(address: PeerAddress, reactor: Int, connection: UInt64) {
        self.address = address
        self.reactor = reactor
        self.connection = connection
    }

    /// The process itself.
    public static let node = JobOwner(address: .node, reactor: 0, connection: 0)
}

/// Elements that wait, taken in turns: addresses take turns, of an address its connections, and
/// a connection's elements come in their order. So whoever has thousands waiting delays somebody
/// with one by one element, not by thousands.
///
/// Room is shared by what is left (dynamic thresholds, Choudhury and Hahne 1998): an address may
/// have as many waiting as the queue has room left, so one that takes all it can leaves half, two
/// leave a third, and a newcomer finds room; and the same again between the connections of an
/// address, which besides have a fixed bound.
struct FairQueue<Element> {
    private struct Job {
        var element: Element
        var line: Int
    }

    /// What one connection has waiting.
    private struct Line {
        let owner: JobOwner
        let group: Int
        var jobs = LinkedSlab<Job>.List()
        var count = 0
    }

    /// The connections of one address that have something waiting.
    private struct Group {
        let address: PeerAddress
        var lines = LinkedSlab<Line>.List()
        var count = 0
    }

    private let capacity: Int
    private let connectionCapacity: Int
    private var jobs = LinkedSlab<Job>()
    private var lines = LinkedSlab<Line>()
    private var groups = LinkedSlab<Group>()
    private var lineOf: [JobOwner: Int] = [:]
    private var groupOf: [PeerAddress: Int] = [:]
    /// Addresses in the order of their turns.
    private var turns = LinkedSlab<Group>.List()
    private(set) var count = 0

    init(capacity: Int, connectionCapacity: Int) {
        precondition(capacity > 0 && connectionCapacity > 0, "a queue has room")
        self.capacity = capacity
        self.connectionCapacity = connectionCapacity
    }

    /// Adds an element behind the others of its connection and answers its ticket.
    mutating func add(_ element: Element, of owner: JobOwner) -> Result<UInt64, BlockingRefusal> {
        if let refusal = refusal(of: owner) { return .failure(refusal) }
        let line = line(of: owner)
        let job = jobs.insert(Job(element: element, line: line))
        jobs.append(job, to: &lines[line].jobs)
        lines[line].count += 1
        groups[lines[line].group].count += 1
        count += 1
        return .success(jobs.ticket(job))
    }

    private func refusal(of owner: JobOwner) -> BlockingRefusal? {
        let left = capacity - count
        if left <= 0 { return .full }
        let room = left - (groupOf[owner.address].map { groups[$0].count } ?? 0)
        if room <= 0 { return .address }
        let own = lineOf[owner].map { lines[$0].count } ?? 0
        return own < min(connectionCapacity, room) ? nil : .connection
    }

    /// The line of a connection, which is given its turn behind the others if it had none.
    private mutating func line(of owner: JobOwner) -> Int {
        if let line = lineOf[owner] { return line }
        let group: Int
        if let known = groupOf[owner.address] {
            group = known
        } else {
            group = groups.insert(Group(address: owner.address))
            groups.append(group, to: &turns)
            groupOf[owner.address] = group
        }
        let line = lines.insert(Line(owner: owner, group: group))
        lines.append(line, to: &groups[group].lines)
        lineOf[owner] = line
        return line
    }

    /// Takes the element whose turn it is; nil when there is none.
    mutating func take() -> Element? {
        guard let group = turns.first, let line = groups[group].lines.first,
            let job = lines[line].jobs.first
        else { return nil }
        // Whoever has more comes again behind the others.
        lines.unlink(line, from: &groups[group].lines)
        lines.append(line, to: &groups[group].lines)
        groups.unlink(group, from: &turns)
        groups.append(group, to: &turns)
        return remove(job)
    }

    /// Takes out the element of a ticket; nil when it was taken before.
    mutating func remove(ticket: UInt64) -> Element? {
        jobs.place(ticket).map { remove($0) }
    }

    private mutating func remove(_ place: Int) -> Element {
        let line = jobs[place].line
        let group = lines[line].group
        jobs.unlink(place, from: &lines[line].jobs)
        let job = jobs.remove(place)
        count -= 1
        groups[group].count -= 1
        lines[line].count -= 1
        if lines[line].count == 0 {
            lines.unlink(line, from: &groups[group].lines)
            lineOf[lines.remove(line).owner] = nil
        }
        if groups[group].count == 0 {
            groups.unlink(group, from: &turns)
            groupOf[groups.remove(group).address] = nil
        }
        return job.element
    }
}
