import Testing

/// Words that only we understood, and those of the field that took their places (`Glossary.md`).
private let retired = [
    "Territory": "account and region", "Census": "usage", "Sighting": "observation",
    "Inauguration": "start latch", "Unsettled": "in transition", "Adrift": "diverged",
    "Desk": "handle", "Fate": "outcome", "FrontDoor": "request classifier",
]

/// Whether an identifier has the word as one of its parts: `isAdrift` has `Adrift`.
private func has(_ identifier: Substring, _ word: String) -> Bool {
    var rest = identifier
    let small = word.prefix(1).lowercased() + word.dropFirst()
    if rest == small || rest.hasPrefix(small), rest.dropFirst(word.count).first?.isLowercase != true
    {
        return true
    }
    while let found = rest.firstRange(of: word) {
        if rest[found.upperBound...].first?.isLowercase != true { return true }
        rest = rest[found.upperBound...]
    }
    return false
}

@Test func `names are the field's words`() {
    for file in SourceTree.files(under: "Sources", extension: "swift") {
        for (index, line) in SwiftText(file.text ?? "").code.enumerated() {
            let names = line.split { !$0.isLetter && !$0.isNumber && $0 != "_" }
            for name in names {
                for (word, instead) in retired where has(name, word) {
                    Issue.record("\(file.path):\(index + 1): \(name) (\(instead))")
                }
            }
        }
    }
}

/// A folder of single things that are found by their names, one file each.
private let catalogues: Set<String> = ["Sources/Kinesis/Operations"]

@Test func `a folder holds so many files that one look takes them in`() {
    var counts: [String: Int] = [:]
    for file in SourceTree.files(under: "Sources", extension: "swift") {
        counts[file.folders.joined(separator: "/"), default: 0] += 1
    }
    for (folder, count) in counts where !catalogues.contains(folder) {
        #expect(count <= 16, "\(folder) holds \(count) files")
    }
}
