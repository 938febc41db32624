import Foundation
import Testing
import TestSupport

@Test func `the top level is fixed`() {
    let allowed: Set<String> = [
        "Package.swift", "Sources", "Tests", "certs", "proto-spec", "README.md", "LICENSE",
    ]
    let found = Set(SourceTree.files.map { file in file.folders.first ?? file.name })
    #expect(found.filter { !$0.hasPrefix(".") }.isSubset(of: allowed))
    #expect(found.isSuperset(of: ["Package.swift", "Sources", "Tests", "LICENSE"]))
}

@Test func `no file holds two subjects' worth of lines`() {
    let linesMax = 600
    let code: Set<String> = ["swift", "c", "h", "py", "go", "sh"]
    for file in SourceTree.files where code.contains(file.pathExtension) {
        let count = file.lines.count
        #expect(count <= linesMax, "\(file.path) has \(count) lines")
    }
}

@Test func `no path of one machine is written down`() throws {
    // Written in pieces, so that this file does not find itself.
    let roots = ["home", "work", "root", "Users", "tmp"].joined(separator: "|")
    let pattern = try Regex("(^|[\\s\"'`=(:,])/(\(roots))/[A-Za-z0-9_.]")
    for file in SourceTree.files {
        for (index, line) in file.lines.enumerated() {
            #expect(try pattern.firstMatch(in: line) == nil, "\(file.path):\(index + 1) \(line)")
        }
    }
}

@Test func `no private key is committed`() {
    let marks = [
        "-----BEGIN " + "PRIVATE KEY", "-----BEGIN EC " + "PRIVATE KEY",
        "-----BEGIN RSA " + "PRIVATE KEY", "-----BEGIN ENCRYPTED " + "PRIVATE KEY",
    ]
    for file in SourceTree.files {
        #expect(!["key", "pem", "p12", "pfx"].contains(file.pathExtension), "\(file.path)")
        let text = file.text ?? ""
        #expect(!marks.contains(where: text.contains), "\(file.path)")
    }
}

@Test func `every link of a document leads to a file`() throws {
    let link = try Regex("\\]\\(([^)#\\s]+)(#[^)]*)?\\)")
    for file in SourceTree.files where file.pathExtension == "md" {
        var isCode = false
        for (index, line) in file.lines.enumerated() {
            if line.hasPrefix("```") { isCode.toggle() }
            if isCode { continue }
            for match in line.matches(of: link) {
                let target = match.output[1].substring.map(String.init) ?? ""
                if target.contains("://") || target.hasPrefix("mailto:") { continue }
                let url = file.url.deletingLastPathComponent().appendingPathComponent(target)
                let exists = FileManager.default.fileExists(atPath: url.path)
                #expect(exists, "\(file.path):\(index + 1) leads to \(target)")
            }
        }
    }
}

@Test func `every decision is linked from its module's page`() throws {
    let decisions = SourceTree.files(under: "Sources", extension: "md")
        .filter { $0.folders.last == "Decisions" }
    #expect(!decisions.isEmpty)
    for decision in decisions {
        let module = decision.folders[1]
        let path = "Sources/\(module)/\(module).docc/\(module).md"
        let page = SourceTree.files.first { $0.path == path }
        let link = "<doc:\(decision.name.dropLast(".md".count))>"
        #expect(page?.text?.contains(link) == true, "\(path) lacks \(link)")
    }
}

@Test func `scripts that people run are executable`() {
    for path in ["Sources/serve", "Tests/run", ".ci/run"] {
        let url = SourceTree.root.appendingPathComponent(path)
        #expect(FileManager.default.isExecutableFile(atPath: url.path), "\(path)")
    }
}

@Test func `text files end with one line feed and have no trailing spaces`() {
    let code: Set<String> = ["swift", "c", "h", "py", "go", "md", "json", "txt"]
    for file in SourceTree.files where code.contains(file.pathExtension) {
        guard let text = file.text, !text.isEmpty else { continue }
        #expect(text.hasSuffix("\n") && !text.hasSuffix("\n\n"), "\(file.path)")
        for (index, line) in file.lines.enumerated() {
            #expect(line.last != " " && line.last != "\t", "\(file.path):\(index + 1)")
        }
    }
}

@Test func `the format is that of swift format`() throws {
    let (text, status) = try run(
        [
            "swift", "format", "lint", "--strict", "--recursive", "Package.swift", "Sources",
            "Tests",
        ], in: SourceTree.root.path)
    #expect(status == 0, "\(text)")
}
