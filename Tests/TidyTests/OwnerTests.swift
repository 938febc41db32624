import Testing

/// Objects that live on a reactor's thread and are the only owners of what they keep.
private let owners: Set<String> = [
    "Connections", "PendingWork", "ReactorGateway", "Subscriptions",
]

/// Where a reactor's objects are. A class of one of these folders is extended in no other folder: what
/// changes it is found beside it.
private let folders: Set<String> = ["Connections", "Subscriptions", "PendingWork", "Turn"]

private func sources() -> [(file: SourceTree.File, folder: String, code: [String])] {
    SourceTree.files(under: "Sources/Gateway", extension: "swift").map {
        ($0, $0.folders.last ?? "", SwiftText($0.text ?? "").code)
    }
}

/// The word behind `keyword` in a declaration at the outermost level; nil if the line is none.
private func name(after keyword: String, in line: String) -> String? {
    guard line.first != " " else { return nil }
    let words = line.split(whereSeparator: { " :{<".contains($0) }).map(String.init)
    guard let place = words.firstIndex(of: keyword), place + 1 < words.count else { return nil }
    return words[place + 1]
}

@Test func `a reactor's objects are extended only where they are`() {
    var homes: [String: String] = [:]
    for (_, folder, code) in sources() where folders.contains(folder) {
        for line in code { if let name = name(after: "class", in: line) { homes[name] = folder } }
    }
    #expect(homes.count > owners.count, "the folders are somewhere else")
    for (file, folder, code) in sources() {
        for line in code {
            guard let name = name(after: "extension", in: line), let home = homes[name] else {
                continue
            }
            #expect(folder == home, "\(file.path) extends \(name), which is in \(home)")
        }
    }
}

@Test func `nobody else changes what a reactor's owners keep`() {
    var seen: Set<String> = []
    for (file, _, code) in sources() where owners.contains(String(file.name.dropLast(6))) {
        seen.insert(String(file.name.dropLast(6)))
        for line in code where line.hasPrefix("    var ") {
            #expect(line.contains("{"), "\(file.path): \(line) is stored and not private")
        }
    }
    #expect(seen == owners)
}
