import Foundation
import Glibc
import Synchronization
import System
import TestSupport

@testable import ShardLog

/// A disk in memory that remembers what was made durable and what was not, can fail, fill up or
/// hold a call, and can be cut off from power.
final class SimulatedFileSystem: FileSystem {
    /// What the log does to files.
    enum Operation: Hashable, CaseIterable {
        case open
        case write
        case sync
        case syncFolder
        case rename
        case unlink
        case reserve
        case truncate
        // These change nothing: a cut of the power does not count them.
        case read
        case size
        case map
        case space
    }

    /// A change to a file that has not been synced.
    enum Change {
        case bytes(offset: Int, [UInt8])
        case length(Int)
    }

    /// A change to a folder that has not been synced.
    enum Naming {
        case link(name: String, inode: Int)
        case unlink(name: String)
        case rename(from: String, to: String, inode: Int)
    }

    struct Inode {
        var live: [UInt8] = []
        var durable: [UInt8] = []
        var pending: [Change] = []
        /// Files that mirror this one for those who map it.
        var backing: [Int32] = []
    }

    struct State {
        var inodes: [Int: Inode] = [:]
        var nextInode = 0
        var names: [String: Int] = [:]
        var durableNames: [String: Int] = [:]
        var pendingNames: [(folder: String, Naming)] = []
        var folders: Set<String> = []
        var locked: Set<Int> = []
        var count = 0
        var counts: [Operation: Int] = [:]
        /// The power goes before the operation of this number.
        var cutAt: Int?
        var cut: Cut?
        var capacity: Int?
        /// Files that may be open at a time, and how many are.
        var descriptors = Int.max
        var open = 0
        var mostOpen = 0
        /// Fails operations; asked with the kind, the path and how many of the kind there were.
        var failing: (@Sendable (Operation, String, Int) -> Int32?)?
        /// Asked before an operation, outside of the lock; may block.
        var before: (@Sendable (Operation, String) -> Void)?

        var used: Int { names.values.reduce(0) { $0 + (inodes[$1]?.live.count ?? 0) } }
    }

    /// What the disk held when the power went.
    struct Cut {
        var inodes: [Int: Inode]
        var durableNames: [String: Int]
        var pendingNames: [(folder: String, Naming)]
        var folders: Set<String>
    }

    let state = Mutex(State())

    init() {}

    /// A disk as a cut left it: what was synced, and any subset of the rest by sectors and names.
    init(after cut: Cut, seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        // Sometimes nearly everything got out, sometimes nearly nothing.
        let odds = Int.random(in: 0...4, using: &random)
        func kept() -> Bool { Int.random(in: 0..<4, using: &random) < odds }
        var names = cut.durableNames
        for (_, naming) in cut.pendingNames where kept() {
            switch naming {
            case .link(let name, let inode): names[name] = inode
            case .unlink(let name): names[name] = nil
            case .rename(let from, let to, let inode):
                names[from] = nil
                names[to] = inode
            }
        }
        var inodes: [Int: Inode] = [:]
        for (name, number) in names {
            guard let inode = cut.inodes[number] else { continue }
            var bytes = inode.durable
            for change in inode.pending {
                switch change {
                case .length(let length):
                    if kept() { bytes.set(length: length) }
                case .bytes(let offset, let more):
                    var place = 0
                    while place < more.count {
                        let sectorEnd = ((offset + place) / 512 + 1) * 512 - offset
                        let end = min(more.count, sectorEnd)
                        if kept() { bytes.put(more[place..<end], at: offset + place) }
                        place = end
                    }
                }
            }
            inodes[number] = Inode(live: bytes, durable: bytes)
            _ = name
        }
        let (found, known, folders) = (inodes, names, cut.folders)
        state.withLock { state in
            state.inodes = found
            state.nextInode = (found.keys.max() ?? 0) + 1
            state.names = known
            state.durableNames = known
            state.folders = folders
        }
    }

    deinit {
        state.withLock { state in
            for inode in state.inodes.values {
                for descriptor in inode.backing { _ = close(descriptor) }
            }
        }
    }

    /// A copy of what the files hold now, as after a kill.
    func copy() -> SimulatedFileSystem {
        let copied = SimulatedFileSystem()
        let (inodes, names, folders) = state.withLock { state in
            (
                state.inodes.mapValues { Inode(live: $0.live, durable: $0.live) }, state.names,
                state.folders
            )
        }
        copied.state.withLock { state in
            state.inodes = inodes
            state.names = names
            state.durableNames = names
            state.nextInode = (inodes.keys.max() ?? 0) + 1
            state.folders = folders
        }
        return copied
    }

    func contents(_ path: String) -> [UInt8]? {
        state.withLock { state in
            state.names[path].flatMap { state.inodes[$0]?.live }
        }
    }

    /// As if somebody had removed it by hand, for good.
    func remove(_ path: String) {
        state.withLock { state in
            state.names[path] = nil
            state.durableNames[path] = nil
        }
    }

    func setContents(_ path: String, _ bytes: [UInt8]) {
        state.withLock { state in
            guard let inode = state.names[path] else { return }
            state.inodes[inode]?.live = bytes
            state.inodes[inode]?.durable = bytes
        }
    }

    var paths: [String] { state.withLock { $0.names.keys.sorted() } }

    func fail(_ rule: (@Sendable (Operation, String, Int) -> Int32?)?) {
        state.withLock { $0.failing = rule }
    }

    /// What the disk holds now, should the power go.
    func cutNow() -> Cut {
        state.withLock { $0.cut ?? Self.cut($0) }
    }

    private static func cut(_ state: State) -> Cut {
        Cut(
            inodes: state.inodes.mapValues {
                Inode(live: [], durable: $0.durable, pending: $0.pending)
            },
            durableNames: state.durableNames, pendingNames: state.pendingNames,
            folders: state.folders)
    }

    /// Every operation passes here first.
    func enter(_ operation: Operation, _ path: String) throws(SystemError) {
        let before = state.withLock { $0.before }
        before?(operation, path)
        let code: Int32? = state.withLock { state in
            state.count += 1
            state.counts[operation, default: 0] += 1
            if let at = state.cutAt, state.count >= at {
                if state.cut == nil { state.cut = Self.cut(state) }
                return EIO
            }
            return state.failing?(operation, path, state.counts[operation] ?? 0)
        }
        if let code { throw SystemError(errno: code, operation: operation.call) }
    }

    /// Operations that change nothing pass here.
    func look(_ operation: Operation, _ path: String) throws(SystemError) {
        let code: Int32? = state.withLock { state in
            state.counts[operation, default: 0] += 1
            return state.failing?(operation, path, state.counts[operation] ?? 0)
        }
        if let code { throw SystemError(errno: code, operation: operation.call) }
    }

    // FileSystem

    func makeFolder(_ path: String) throws(SystemError) {
        state.withLock { _ = $0.folders.insert(path) }
    }

    func list(_ path: String) throws(SystemError) -> [String] {
        state.withLock { state in
            let prefix = path + "/"
            let all = Array(state.names.keys) + Array(state.folders)
            return all.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
                .filter { !$0.contains("/") && $0 != ".folder" }
        }
    }

    func open(_ path: String, create: Bool) throws(SystemError) -> any File {
        try enter(.open, path)
        let inode: Int? = state.withLock { state in
            if let known = state.names[path] { return known }
            guard create else { return nil }
            let made = state.nextInode
            state.nextInode += 1
            state.inodes[made] = Inode()
            state.names[path] = made
            state.pendingNames.append(
                (folder(of: path), .link(name: path, inode: made)))
            return made
        }
        guard let inode else { throw SystemError(errno: ENOENT, operation: "open") }
        let hasRoom = state.withLock { state in
            guard state.open < state.descriptors else { return false }
            state.open += 1
            state.mostOpen = max(state.mostOpen, state.open)
            return true
        }
        guard hasRoom else { throw SystemError(errno: EMFILE, operation: "open") }
        return SimulatedFile(disk: self, inode: inode, path: path)
    }

    /// Folders have no inode here: the lock file stands for its folder.
    func openFolder(_ path: String) throws(SystemError) -> any File {
        try open(path + "/.folder", create: true)
    }

    func identity(of path: String) throws(SystemError) -> FileIdentity {
        let inode = state.withLock { $0.names[path] ?? $0.names[path + "/.folder"] }
        guard let inode else { throw SystemError(errno: ENOENT, operation: "stat") }
        return FileIdentity(device: 1, inode: UInt64(inode))
    }

    func rename(_ from: String, to: String) throws(SystemError) {
        try enter(.rename, from)
        state.withLock { state in
            guard let inode = state.names.removeValue(forKey: from) else { return }
            state.names[to] = inode
            state.pendingNames.append(
                (folder(of: to), .rename(from: from, to: to, inode: inode)))
        }
    }

    func unlink(_ path: String) throws(SystemError) {
        try enter(.unlink, path)
        state.withLock { state in
            guard state.names.removeValue(forKey: path) != nil else { return }
            state.pendingNames.append((folder(of: path), .unlink(name: path)))
        }
    }

    func syncFolder(_ path: String) throws(SystemError) {
        try enter(.syncFolder, path)
        state.withLock { state in
            for (folder, naming) in state.pendingNames where folder == path {
                switch naming {
                case .link(let name, let inode): state.durableNames[name] = inode
                case .unlink(let name): state.durableNames[name] = nil
                case .rename(let from, let to, let inode):
                    state.durableNames[from] = nil
                    state.durableNames[to] = inode
                }
            }
            state.pendingNames.removeAll { $0.folder == path }
        }
    }

    func availableBytes(_ path: String) throws(SystemError) -> UInt64 {
        try look(.space, path)
        return state.withLock { state in
            guard let capacity = state.capacity else { return 1 << 40 }
            return UInt64(max(0, capacity - state.used))
        }
    }
}

/// A file of the simulated disk.
final class SimulatedFile: File {
    private let disk: SimulatedFileSystem
    private let inode: Int
    private let path: String
    private let holdsLock = Mutex(false)

    init(disk: SimulatedFileSystem, inode: Int, path: String) {
        self.disk = disk
        self.inode = inode
        self.path = path
    }

    deinit {
        disk.state.withLock { $0.open -= 1 }
        if holdsLock.withLock({ $0 }) {
            let inode = self.inode
            disk.state.withLock { _ = $0.locked.remove(inode) }
        }
    }

    func identity() throws(SystemError) -> FileIdentity {
        FileIdentity(device: 1, inode: UInt64(inode))
    }

    func isNamed() throws(SystemError) -> Bool {
        disk.state.withLock { $0.names.values.contains(inode) }
    }

    func size() throws(SystemError) -> UInt64 {
        try disk.look(.size, path)
        return disk.state.withLock { UInt64($0.inodes[inode]?.live.count ?? 0) }
    }

    func allocatedBytes() throws(SystemError) -> UInt64 {
        try size()
    }

    func read(at offset: UInt64, count: Int) throws(SystemError) -> [UInt8] {
        try disk.look(.read, path)
        return disk.state.withLock { state in
            let live = state.inodes[inode]?.live ?? []
            let start = min(Int(offset), live.count)
            return [UInt8](live[start..<min(live.count, start + count)])
        }
    }

    func write(_ bytes: borrowing Gather, at offset: UInt64) throws(SystemError) {
        try disk.enter(.write, path)
        let copy = bytes.copy()
        let isFull = disk.state.withLock { state in
            let length = state.inodes[inode]?.live.count ?? 0
            let growth = max(0, Int(offset) + copy.count - length)
            if let capacity = state.capacity, state.used + growth > capacity { return true }
            state.inodes[inode]?.live.put(copy[...], at: Int(offset))
            state.inodes[inode]?.pending.append(.bytes(offset: Int(offset), copy))
            for descriptor in state.inodes[inode]?.backing ?? [] {
                _ = unsafe copy.withUnsafeBytes {
                    unsafe pwrite(descriptor, $0.baseAddress, $0.count, off_t(offset))
                }
            }
            return false
        }
        if isFull { throw SystemError(errno: ENOSPC, operation: "pwritev") }
    }

    func sync() throws(SystemError) {
        try disk.enter(.sync, path)
        disk.state.withLock { state in
            guard var found = state.inodes.removeValue(forKey: inode) else { return }
            for change in found.pending {
                switch change {
                case .bytes(let offset, let bytes): found.durable.put(bytes[...], at: offset)
                case .length(let length): found.durable.set(length: length)
                }
            }
            found.pending = []
            state.inodes[inode] = found
        }
    }

    func reserve(length: UInt64) throws(SystemError) {
        try disk.enter(.reserve, path)
        let isFull = disk.state.withLock { state in
            let now = state.inodes[inode]?.live.count ?? 0
            guard now < Int(length) else { return false }
            if let capacity = state.capacity, state.used + Int(length) - now > capacity {
                return true
            }
            Self.set(Int(length), of: inode, in: &state)
            return false
        }
        if isFull { throw SystemError(errno: ENOSPC, operation: "fallocate") }
    }

    func truncate(length: UInt64) throws(SystemError) {
        try disk.enter(.truncate, path)
        disk.state.withLock { Self.set(Int(length), of: inode, in: &$0) }
    }

    private static func set(
        _ length: Int, of inode: Int, in state: inout SimulatedFileSystem.State
    ) {
        state.inodes[inode]?.live.set(length: length)
        state.inodes[inode]?.pending.append(.length(length))
        for descriptor in state.inodes[inode]?.backing ?? [] {
            _ = ftruncate(descriptor, off_t(length))
        }
    }

    func lock() throws(SystemError) -> Bool {
        let isTaken = disk.state.withLock { $0.locked.insert(inode).inserted }
        if isTaken { holdsLock.withLock { $0 = true } }
        return isTaken
    }

    func isLocked() throws(SystemError) -> Bool {
        disk.state.withLock { $0.locked.contains(inode) }
    }

    /// Backed by an unlinked temporary file that every later write reaches too.
    func map(length: Int) throws(SystemError) -> Mapping {
        try disk.look(.map, path)
        let memory = "/dev/shm"
        let folder =
            unsafe access(memory, W_OK) == 0
            ? memory : FileManager.default.temporaryDirectory.path
        let path = "\(folder)/weir-log-\(UUID().uuidString)"
        let descriptor = unsafe Glibc.open(path, O_RDWR | O_CREAT, 0o600)
        // A failure that the test's disk was not told to have is to be seen for what it is.
        precondition(descriptor >= 0, "\(path): \(SystemError.text(errno))")
        unsafe Glibc.unlink(path)
        disk.state.withLock { state in
            let live = state.inodes[inode]?.live ?? []
            _ = unsafe live.withUnsafeBytes {
                unsafe pwrite(descriptor, $0.baseAddress, $0.count, 0)
            }
            state.inodes[inode]?.backing.append(descriptor)
        }
        return try Mapping(descriptor: descriptor, length: length)
    }
}

extension SimulatedFileSystem.Operation {
    var call: String {
        switch self {
        case .open: "open"
        case .write: "pwritev"
        case .sync: "fdatasync"
        case .syncFolder: "fsync"
        case .rename: "rename"
        case .unlink: "unlink"
        case .reserve: "fallocate"
        case .truncate: "ftruncate"
        case .read: "pread"
        case .size: "fstat"
        case .map: "mmap"
        case .space: "fstatfs"
        }
    }
}

private func folder(of path: String) -> String {
    String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
}

/// With the C library's own calls: a loop over bytes in a debug build takes seconds for a file.
extension [UInt8] {
    fileprivate mutating func set(length: Int) {
        if length < count {
            removeLast(count - length)
        } else {
            let missing = length - count
            append(
                contentsOf: unsafe [UInt8](unsafeUninitializedCapacity: missing) { room, filled in
                    if let start = room.baseAddress { unsafe memset(start, 0, missing) }
                    filled = missing
                })
        }
    }

    fileprivate mutating func put(_ bytes: ArraySlice<UInt8>, at offset: Int) {
        let length = bytes.count
        if offset + length > count { set(length: offset + length) }
        unsafe withUnsafeMutableBytes { room in
            unsafe bytes.withUnsafeBytes { piece in
                guard let to = room.baseAddress, let from = piece.baseAddress else { return }
                // There is room for all of them, see above.
                unsafe (to + offset).copyMemory(from: from, byteCount: length)
            }
        }
    }
}
