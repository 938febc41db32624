public import Foundation

/// A folder that goes with its object. It is not made before somebody writes to it.
public final class TemporaryFolder: Sendable {
    public let path: String

    /// - Parameter name: What a folder that was left behind tells of who made it.
    public init(_ name: String = "test") {
        path = NSTemporaryDirectory() + "weir-\(name)-" + UUID().uuidString
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// One that is there.
    public static func made(_ name: String = "test") throws -> TemporaryFolder {
        let folder = TemporaryFolder(name)
        try FileManager.default.createDirectory(
            atPath: folder.path, withIntermediateDirectories: true)
        return folder
    }

    /// What is on the disk at this moment, as a crash of the process would leave it.
    public func copy() throws -> TemporaryFolder {
        let copy = TemporaryFolder("copy")
        try FileManager.default.copyItem(atPath: path, toPath: copy.path)
        return copy
    }

    /// Where a file in it is, or would be.
    public func url(_ name: String) -> URL { URL(fileURLWithPath: "\(path)/\(name)") }

    /// Puts a file into it, whose folders are made as needed, and answers its path.
    @discardableResult
    public func write(_ bytes: [UInt8], to name: String) throws -> String {
        let file = url(name)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: file)
        return file.path
    }
}
