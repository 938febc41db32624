/// Cuts bytes into lines; a line feed at the end ends the last line and begins none.
struct LineCutter {
    private var rest: [UInt8] = []

    /// The lines that `bytes` completes, without their line feeds.
    mutating func cut(_ bytes: ArraySlice<UInt8>) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        var start = bytes.startIndex
        while let end = bytes[start...].firstIndex(of: 0x0A) {
            if rest.isEmpty {
                lines.append(Array(bytes[start..<end]))
            } else {
                rest += bytes[start..<end]
                lines.append(rest)
                rest = []
            }
            start = end + 1
        }
        rest += bytes[start...]
        return lines
    }

    /// Bytes of the line that is not complete.
    var pendingCount: Int { rest.count }

    /// The last line, if it has no line feed.
    mutating func finish() -> [UInt8]? {
        defer { rest = [] }
        return rest.isEmpty ? nil : rest
    }
}
