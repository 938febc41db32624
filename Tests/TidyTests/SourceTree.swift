import Foundation
import TestSupport

/// The files of the package as a clone would have them: what git tracks, and what it would add.
struct SourceTree {
    struct File {
        /// Relative to the package's root, with forward slashes.
        let path: String
        let root: URL

        var url: URL { root.appendingPathComponent(path) }
        var folders: [String] { path.split(separator: "/").dropLast().map(String.init) }
        var name: String { path.split(separator: "/").last.map(String.init) ?? path }
        var pathExtension: String { url.pathExtension }

        /// Nil for what is not UTF-8.
        var text: String? { try? String(contentsOf: url, encoding: .utf8) }
        var lines: [Substring] {
            (text ?? "").split(separator: "\n", omittingEmptySubsequences: false)
        }
    }

    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static let files: [File] = {
        let listed = fromGit() ?? fromFolder()
        let present = listed.filter { path in
            FileManager.default.fileExists(atPath: root.appendingPathComponent(path).path)
        }
        return present.sorted().map { File(path: $0, root: root) }
    }()

    static func files(under folder: String, extension wanted: String? = nil) -> [File] {
        files.filter { file in
            file.path.hasPrefix(folder + "/") && (wanted == nil || file.pathExtension == wanted)
        }
    }

    private static func fromGit() -> [String]? {
        let listing = try? run(
            [
                "git", "-C", root.path, "-c", "core.quotePath=false", "-c", "safe.directory=*",
                "ls-files", "--cached", "--others", "--exclude-standard",
            ], discardsErrors: true)
        guard let listing, listing.status == 0 else { return nil }
        let paths = listing.text.split(separator: "\n").map(String.init)
        return paths.isEmpty ? nil : paths
    }

    /// A source archive has no git; then everything counts except what building leaves behind.
    private static func fromFolder() -> [String] {
        let skipped = ["weir-data", "__pycache__", "Package.resolved", ".git"]
        guard let walk = FileManager.default.enumerator(atPath: root.path) else { return [] }
        var paths: [String] = []
        for case let path as String in walk {
            let name = (path as NSString).lastPathComponent
            if skipped.contains(name) || name.hasPrefix(".build") || name.hasPrefix(".venv") {
                walk.skipDescendants()
            } else if walk.fileAttributes?[.type] as? FileAttributeType == .typeRegular {
                paths.append(path)
            }
        }
        return paths
    }
}
