internal import Glibc
internal import Synchronization
internal import System

/// A segment's file, and its header if that could be read.
struct SegmentFile {
    var name: String
    var path: String
    var shard: UInt64
    var base: UInt64
    /// The file's length.
    var bytes: UInt64
    var found: Segment.FoundHeader?

    static let wrongHeader = "the segment's header is wrong"

    /// The segment, to be read or written.
    /// - Parameter segmentBytes: the length that one without a header is taken to have when full.
    func segment(segmentBytes: Int) -> Segment {
        if let found {
            return Segment(
                found.header, path: path, fileBytes: min(bytes, found.header.fullBytes),
                marksFrom: .max)
        }
        let unknown = Segment.Header(
            shard: shard, base: base, fullBytes: max(UInt64(segmentBytes), bytes), ordinal: 0,
            firstIndex: 0, firstArrivalMilliseconds: 0)
        return Segment(
            unknown, path: path, fileBytes: bytes, marksFrom: .max, fault: Self.wrongHeader)
    }
}

/// The files of the folder `segments`, a group at a time: the disk is told of all headers of a group
/// before the first is waited for, so that a start with a cold cache does not take a seek's time for
/// each segment.
struct SegmentListing {
    enum Entry {
        case segment(SegmentFile, any File)
        case index(shard: UInt64, base: UInt64)
        /// No name that the log gives.
        case foreign(path: String)
    }

    private let folder: LogFolder
    private let path: String
    private var names: ArraySlice<String>
    /// Files that are open at a time.
    private let atOnce: Int

    init(_ folder: LogFolder, atOnce: Int) throws(SystemError) {
        self.folder = folder
        self.atOnce = atOnce
        path = Folder.segments(folder.path)
        names = try folder.files.list(path)[...]
    }

    /// The next group; empty at the end.
    mutating func next() throws(SystemError) -> [Entry] {
        var entries: [Entry] = []
        var opened: [(file: SegmentFile, any File)] = []
        while entries.count + opened.count < atOnce, let name = names.first {
            let path = path + "/" + name
            if let (shard, base) = Segment.parse(name: name, suffix: "index") {
                entries.append(.index(shard: shard, base: base))
            } else if let (shard, base) = Segment.parse(name: name) {
                do throws(SystemError) {
                    let file = try folder.open(path)
                    file.announceRead(at: 0, count: Segment.FoundHeader.bytes)
                    opened.append(
                        (
                            SegmentFile(name: name, path: path, shard: shard, base: base, bytes: 0),
                            file
                        ))
                } catch {
                    // Those that are open are read first; the rest has room then. What is gone
                    // since the names were read is looked for by who needs it.
                    if error.errno != ENOENT {
                        guard error.isLackOfRoom, !opened.isEmpty else { throw error }
                        break
                    }
                }
            } else {
                entries.append(.foreign(path: path))
            }
            names.removeFirst()
        }
        for (file, opened) in opened {
            var file = file
            file.bytes = try opened.size()
            let bytes = try opened.read(at: 0, count: Segment.FoundHeader.bytes)
            file.found = Segment.FoundHeader(bytes.span, shard: file.shard, base: file.base)
            entries.append(.segment(file, opened))
        }
        return entries
    }
}
