/// Something in a data folder that is damaged, or worth knowing.
public struct FolderFinding: Sendable, Hashable {
    /// Records of a shard.
    public struct Records: Sendable, Hashable {
        /// Nil, as are the next three, if no stream has the shard.
        public var stream: String?
        public var account: String?
        public var region: String?
        public var shard: String?
        /// The log's own number of the shard.
        public var number: String
        /// They come after this sequence number; nil if the shard's oldest are among them.
        public var after: String?
        /// None of them has a higher one; nil if that is not known.
        public var through: String?
        /// How many, where that is known.
        public var count: UInt64?

        var text: String {
            let place = stream.map { "stream \($0), \(shard ?? number)" } ?? "shard \(number)"
            let count = count.map { $0 == 1 ? "1 record, " : "\($0) records, " } ?? ""
            let start = after.map { "after \($0)" } ?? "from the oldest on"
            return "\(place): \(count)\(start)" + (through.map { ", up to \($0)" } ?? "")
        }
    }

    public var isDamage: Bool
    /// Relative to the log's folder.
    public var file: String
    public var offset: UInt64?
    public var what: String
    public var records: [Records]
    /// What is lost, and what a reader still gets.
    public var consequence: String

    /// The finding for people, a line each.
    var lines: [String] {
        let place = offset.map { "\(file) at byte \($0)" } ?? file
        return ["\(isDamage ? "damaged" : "note"): \(place): \(what)"]
            + records.map { "  \($0.text)" } + ["  \(consequence)"]
    }
}

/// Whether everything in a data folder is what was written.
public struct FolderVerification: Sendable {
    public let folder: String
    /// A server runs on the folder.
    public let isInUse: Bool
    /// Records of segments whose checksum is right, and the bytes that were read for it. Those
    /// that only the journal has yet are checked with their batches.
    public let records: UInt64
    public let bytes: UInt64
    public let batches: Int
    public let findings: [FolderFinding]

    public var isDamaged: Bool { findings.contains(where: \.isDamage) }

    /// For people, a line each; the last one says how it is.
    public var text: [String] {
        let count = findings.count(where: \.isDamage)
        let verdict =
            count == 0
            ? "whole"
            : "\(count) \(count == 1 ? "place is" : "places are") damaged"
        return FolderText.notice(isInUse) + findings.flatMap(\.lines) + [
            "\(folder): \(verdict): \(batches) batches of the journal, "
                + "\(records) records in segments, \(FolderText.bytes(bytes)) read"
        ]
    }
}

/// Words that both commands use.
enum FolderText {
    static func notice(_ isInUse: Bool) -> [String] {
        isInUse
            ? ["A server is running on this folder: what is seen of it may be in motion."] : []
    }

    /// A count of bytes for people.
    static func bytes(_ count: UInt64) -> String {
        var value = Double(count)
        for unit in ["bytes", "KiB", "MiB", "GiB"] {
            if value < 1024 {
                return unit == "bytes" ? "\(count) bytes" : "\((value * 10).rounded() / 10) \(unit)"
            }
            value /= 1024
        }
        return "\((value * 10).rounded() / 10) TiB"
    }
}
