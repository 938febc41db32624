import Testing

/// Folders and files in which `unsafe` may stand; everything else is written without it.
private let unsafeFolders = ["System", "Reactor", "TLS", "Crypto", "HTTP", "ShardLog"]
private let unsafeFiles = [
    "Sources/Wire/BigEndian.swift", "Sources/Wire/Base64.swift",
    "Sources/Wire/EventStream/EventStreamChecksum.swift", "Sources/Wire/JSON/PlainRun.swift",
    "Sources/WeirClient/Surroundings.swift",
    "Sources/Bench/Machine/SyncTimes.swift", "Sources/Bench/Machine/ScratchFolder.swift",
    "Sources/Bench/Machine/ChildProcess.swift",
]

private func words(_ line: String) -> [Substring] {
    line.split(whereSeparator: { !$0.isLetter && !$0.isNumber && $0 != "_" })
}

private var swiftSources: [SourceTree.File] {
    SourceTree.files(under: "Sources", extension: "swift")
}

@Test func `unsafe stands only where memory is crossed`() {
    for file in swiftSources {
        if unsafeFolders.contains(file.folders[1]) || unsafeFiles.contains(file.path) { continue }
        for (index, line) in SwiftText(file.text ?? "").code.enumerated() {
            #expect(!words(line).contains("unsafe"), "\(file.path):\(index + 1)")
        }
    }
}

@Test func `every promise that the compiler cannot check has its sentence above it`() {
    let promises = ["@unchecked Sendable", "nonisolated(unsafe)"]
    for file in swiftSources {
        let lines = file.lines
        for (index, line) in SwiftText(file.text ?? "").code.enumerated() {
            guard promises.contains(where: line.contains) else { continue }
            // Attributes may stand between the sentence and the declaration.
            var above = index - 1
            while above >= 0, lines[above].drop(while: { $0 == " " }).hasPrefix("@") { above -= 1 }
            let comment = above >= 0 && lines[above].drop(while: { $0 == " " }).hasPrefix("//")
            #expect(comment, "\(file.path):\(index + 1)")
        }
    }
}

@Test func `no source crashes by a forced try or is left for later`() {
    let words = ["try!", "TO" + "DO", "FIX" + "ME", "fatalError(", "@available(*, deprecated"]
    for file in swiftSources {
        for (index, line) in file.lines.enumerated() {
            for word in words {
                #expect(!line.contains(word), "\(file.path):\(index + 1) \(word)")
            }
        }
    }
}

@Test func `C sources define no feature macro in a header`() {
    for file in SourceTree.files(under: "Sources", extension: "h") {
        for (index, line) in file.lines.enumerated() {
            #expect(!line.contains("define _GNU_SOURCE"), "\(file.path):\(index + 1)")
        }
    }
}
