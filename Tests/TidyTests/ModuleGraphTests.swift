import Testing

/// Which of our modules and which outside ones a target may import. SwiftPM does not enforce the
/// graph that the manifest declares, so this table is what holds it.
private let graph: [String: Set<String>] = [
    "weir": [
        "Server", "WeirClient", "Bench", "Kinesis", "Wire", "System", "ArgumentParser",
        "AsyncAlgorithms",
        "Dispatch",
    ],
    "Bench": [
        "WeirClient", "Transport", "Kinesis", "Wire", "HTTP", "TLS", "Reactor", "System",
        "Histogram",
    ],
    "Server": [
        "Gateway", "Catalog", "ShardLog", "Kinesis", "Wire", "Crypto", "TLS", "Reactor", "Metrics",
        "System", "Logging",
    ],
    "Gateway": [
        "Catalog", "ShardLog", "Kinesis", "Access", "Wire", "HTTP", "TLS", "Reactor", "Metrics",
        "System",
    ],
    "Transport": ["TLS", "Reactor", "System"],
    "WeirClient": ["Transport", "HTTP", "TLS", "Reactor", "Kinesis", "Wire", "System"],
    "Catalog": ["ShardLog", "Kinesis"],
    "Kinesis": ["Wire", "Crypto"],
    "Access": ["Wire"],
    "Wire": ["CBytes"],
    "ShardLog": ["System", "Metrics", "CLinux", "CBytes"],
    "HTTP": ["CNGHTTP2", "Metrics"],
    "TLS": ["COpenSSL"],
    "Crypto": ["COpenSSL"],
    "Reactor": ["System", "Metrics", "CLinux"],
    "Metrics": [],
    "System": ["CLinux"],
]

/// Targets without Swift: headers, shims and kernels.
private let inC: Set<String> = ["CBytes", "CLinux", "CNGHTTP2", "COpenSSL"]

/// Part of the toolchain and free of I/O, so allowed everywhere.
private let everywhere: Set<String> = ["Swift", "Synchronization"]

/// Reaches the C library, which is where I/O begins: pure targets and the gateway do without.
private let cLibrary = "Glibc"
private let withCLibrary: Set<String> = [
    "weir", "Bench", "WeirClient", "Server", "ShardLog", "TLS", "HTTP", "Crypto", "Reactor",
    "System",
]

private func imports(of line: String) -> String? {
    var words = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
    let modifiers: Set<String> = ["public", "internal", "private", "fileprivate", "package"]
    while let first = words.first, first.hasPrefix("@") || modifiers.contains(first) {
        words.removeFirst()
    }
    guard words.first == "import" else { return nil }
    words.removeFirst()
    let kinds: Set<String> = ["struct", "class", "enum", "func", "protocol", "typealias", "var"]
    if let kind = words.first, kinds.contains(kind) { words.removeFirst() }
    return words.first?.split(separator: ".").first.map(String.init)
}

@Test func `every target imports what the graph allows, and nothing else`() throws {
    var seen = 0
    for file in SourceTree.files(under: "Sources", extension: "swift") {
        let target = file.folders[1]
        let allowed = try #require(graph[target], "the target \(target) is not in the table")
        for (index, line) in SwiftText(file.text ?? "").code.enumerated() {
            guard let module = imports(of: line) else { continue }
            seen += 1
            let isAllowed =
                allowed.contains(module) || everywhere.contains(module)
                || module == cLibrary && withCLibrary.contains(target)
            #expect(isAllowed, "\(file.path):\(index + 1) imports \(module)")
        }
    }
    #expect(seen > 0)
}

@Test func `every edge that the graph allows is one that some file uses`() {
    var used: [String: Set<String>] = [:]
    for file in SourceTree.files(under: "Sources", extension: "swift") {
        let modules = SwiftText(file.text ?? "").code.compactMap(imports(of:))
        used[file.folders[1], default: []].formUnion(modules)
    }
    for (target, allowed) in graph {
        let unused = allowed.subtracting(used[target] ?? [])
        #expect(unused.isEmpty, "\(target) may import \(unused.sorted()) and does not")
    }
}

/// The names between the brackets that begin behind `opening`, packages left out.
private func dependencies(behind opening: String, in manifest: Substring) -> Set<String>? {
    guard let start = manifest.firstRange(of: opening)?.upperBound else { return nil }
    let end = manifest[start...].firstIndex(of: "]") ?? manifest.endIndex
    let words = manifest[start..<end].split(separator: "\"", omittingEmptySubsequences: false)
    let names = words.indices.filter { $0 % 2 == 1 && !words[$0 - 1].hasSuffix("package:") }
    return Set(names.map { String(words[$0]) })
}

@Test func `the manifest declares the edges of the graph`() throws {
    let text = try #require(SourceTree.files.first { $0.path == "Package.swift" }?.text)
    let manifest = Substring(text.filter { !$0.isWhitespace })
    for (target, allowed) in graph {
        let declared = try #require(
            dependencies(behind: "target(\"\(target)\",[", in: manifest)
                ?? dependencies(behind: "name:\"\(target)\",dependencies:[", in: manifest)
                ?? (manifest.contains("target(\"\(target)\")") ? [] : nil),
            "the manifest has no target \(target)")
        #expect(declared == allowed.subtracting(["Dispatch"]), "\(target)")
    }
}

@Test func `every folder of Sources is a target of the table`() {
    let folders = Set(
        SourceTree.files(under: "Sources").compactMap { file in
            file.folders.count > 1 ? file.folders[1] : nil
        })
    #expect(folders.subtracting(inC) == Set(graph.keys))
}

@Test func `the graph has no cycle`() {
    func below(_ target: String, _ path: [String]) {
        #expect(!path.contains(target), "\(path + [target])")
        guard !path.contains(target) else { return }
        for next in graph[target] ?? [] { below(next, path + [target]) }
    }
    for target in graph.keys { below(target, []) }
}

@Test func `no module and no file has a name that says nothing`() {
    let empty = ["Core", "Common", "Utils", "Util", "Helper", "Helpers", "Manager", "Service"]
    for file in SourceTree.files(under: "Sources") + SourceTree.files(under: "Tests") {
        let base = file.name.split(separator: ".").first.map(String.init) ?? ""
        for word in file.folders + [base] {
            for suffix in empty {
                let saysNothing = word == suffix || word.hasSuffix(suffix) && suffix.count > 4
                #expect(!saysNothing || word == "ShardLog", "\(file.path)")
            }
        }
    }
}
