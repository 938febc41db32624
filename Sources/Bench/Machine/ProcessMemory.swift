import System

/// Memory that a process holds.
enum ProcessMemory {
    /// `RssAnon` of `/proc/<pid>/status` (proc(5)): resident bytes that no file backs.
    static func anonymousBytes(of pid: Int32) -> Int? {
        (try? WholeFile.bytes("/proc/\(pid)/status", limit: 65_536))
            .flatMap(anonymousBytes(status:))
    }

    static func anonymousBytes(status: [UInt8]) -> Int? {
        for line in String(decoding: status, as: UTF8.self).split(separator: "\n")
        where line.hasPrefix("RssAnon:") {
            let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
            guard words.count == 3, words[2] == "kB", let kibibytes = Int(words[1]) else {
                return nil
            }
            return kibibytes << 10
        }
        return nil
    }
}
