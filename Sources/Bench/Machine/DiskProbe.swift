import System

/// What the data folder is on, and what its disk needs to make a write durable.
struct DiskProbe: Sendable {
    var fileSystem: String
    /// Of writes of 16 KiB into a file of its own in the folder, before and after the load.
    var syncs = Latencies()
    /// The same at the pace of the load, write included: what a put cannot be faster than when the
    /// disk and the processor have time to fall asleep in between.
    var pacedSyncs = Latencies()

    /// Names of the file systems that a data folder is likely on, by their magic numbers.
    private static let names: [Int64: String] = [
        0xEF53: "ext4", 0x5846_5342: "xfs", 0x9123_683E: "btrfs", 0x2FC1_2FC1: "zfs",
        0xF2F5_2010: "f2fs", 0x0102_1994: "tmpfs", 0x8584_58F6: "ramfs", 0x794C_7630: "overlay",
        0x6969: "nfs", 0x6573_5546: "fuse", 0x0102_1997: "9p", 0xFF53_4D42: "cifs",
    ]

    static func name(ofMagic magic: Int64) -> String {
        names[magic] ?? "type 0x" + String(magic, radix: 16)
    }

    /// Whether what is written there outlives the power: then "durable" may be said of it.
    static func outlivesPower(_ fileSystem: String) -> Bool {
        fileSystem != "tmpfs" && fileSystem != "ramfs"
    }

    /// Nil if the folder is not there.
    init?(folder: String, pace: Double? = nil) {
        guard let status = try? FileSystemStatus(of: folder) else { return nil }
        fileSystem = Self.name(ofMagic: status.magic)
        measure(folder, pace: pace)
    }

    /// Adds a measurement; about a tenth of a second on a good disk, and a second more with a pace.
    mutating func measure(_ folder: String, pace: Double? = nil) {
        for time in SyncTimes.measure(in: folder, count: 200) ?? [] { syncs.record(time) }
        guard let pace else { return }
        let count = max(20, min(Int(pace), 1_000))
        for time in SyncTimes.measure(in: folder, count: count, perSecond: pace) ?? [] {
            pacedSyncs.record(time)
        }
    }
}
