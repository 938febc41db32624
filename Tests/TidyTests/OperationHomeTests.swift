import Testing

private let operationsFolder = "Sources/Gateway/Operations"

private func file(_ path: String) -> SourceTree.File? {
    SourceTree.files.first { $0.path == path }
}

/// The cases of an enumeration of operations, from its declaration.
private func operations(of type: String) throws -> [String] {
    let source = try #require(file("Sources/Kinesis/\(type).swift"))
    return source.lines.compactMap { line in
        let words = line.split(separator: " ")
        return words.count == 2 && words[0] == "case" ? String(words[1]) : nil
    }
}

/// The rows of a service's table: what stands behind `case .name:` up to the next one.
private func rows(of table: String) throws -> [String: String] {
    let source = try #require(file("\(operationsFolder)/\(table).swift"))
    var rows: [String: String] = [:]
    var name: String?
    for line in SwiftText(source.text ?? "").code {
        let text = line.drop(while: { $0 == " " })
        if text.hasPrefix("case ."), let end = text.firstIndex(of: ":") {
            let found = String(text[text.index(text.startIndex, offsetBy: 6)..<end])
            name = found
            rows[found] = String(text[end...])
        } else if let name {
            rows[name, default: ""] += text
        }
    }
    return rows
}

private let services = [
    (operations: "KinesisOperation", table: "KinesisTable"),
    (operations: "WeirOperation", table: "WeirTable"),
]

@Test func `an operation has one row and one handler, in one file`() throws {
    let sources = SourceTree.files(under: "Sources/Gateway", extension: "swift")
    let handler = try Regex("Operations\\.(\\w+)")
    for service in services {
        let rows = try rows(of: service.table)
        let operations = try operations(of: service.operations)
        #expect(!operations.isEmpty && Set(rows.keys) == Set(operations))
        for operation in operations {
            let row = rows[operation] ?? ""
            let found = row.matches(of: handler).last?.output[1].substring
            #expect(found.map(String.init) == operation, "\(service.table): \(row)")
        }
        for operation in operations {
            let homes = sources.filter { source in
                SwiftText(source.text ?? "").code.contains { $0.contains(" func \(operation)(") }
            }
            let paths = homes.map(\.path)
            #expect(paths.count == 1, "\(operation): \(paths)")
            #expect(paths.allSatisfy { $0.hasPrefix(operationsFolder) }, "\(operation): \(paths)")
        }
    }
}

@Test func `a handler sees its context, not the reactor's gateway`() {
    let context = "\(operationsFolder)/OperationContext.swift"
    for source in SourceTree.files(under: operationsFolder, extension: "swift")
    where source.path != context {
        for (index, line) in SwiftText(source.text ?? "").code.enumerated() {
            let sees = line.contains("ReactorGateway") || line.contains(".gateway")
            #expect(!sees, "\(source.path):\(index + 1)")
        }
    }
}

@Test func `no switch over operations has a default`() throws {
    let subject = try Regex("switch (\\w+\\.)*operation(\\?|!)? \\{")
    for source in SourceTree.files(under: "Sources", extension: "swift") {
        let code = SwiftText(source.text ?? "").code
        for (start, line) in code.enumerated() where line.contains(subject) {
            let indent = line.prefix(while: { $0 == " " }).count
            let end = code[(start + 1)...].firstIndex {
                $0.prefix(while: { $0 == " " }).count == indent && $0.hasSuffix("}")
            }
            for row in start..<(end ?? code.count) {
                let isOurs = code[row].prefix(while: { $0 == " " }).count == indent
                #expect(
                    !(isOurs && code[row].contains("default:")), "\(source.path):\(row + 1)")
            }
        }
    }
}
