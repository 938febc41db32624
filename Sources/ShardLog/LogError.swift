import System

/// Why the log could not be opened, saved or closed.
public struct LogError: Error, Sendable, CustomStringConvertible {
    public enum Reason: Sendable, Hashable {
        /// A call to the operating system failed.
        case system(errno: Int32, operation: String)
        /// Another process has the folder.
        case locked
        /// The folder was written by a newer version of the format.
        case newerFormat(found: UInt32, supported: UInt32)
        /// The folder holds something that this log has not made.
        case foreign(String)
        /// Bytes that are proved to have been durable are not what was written.
        case damaged(String)
        /// `restore` threw, with what it said.
        case restoreFailed(String)
        /// The log no longer takes writes, for this reason.
        case refusing(String)
    }

    public var reason: Reason
    /// The file it is about, relative to the log's folder or whole.
    public var file: String?
    /// The byte offset in that file.
    public var offset: UInt64?

    public init(_ reason: Reason, file: String? = nil, offset: UInt64? = nil) {
        self.reason = reason
        self.file = file
        self.offset = offset
    }

    public var description: String {
        let what =
            switch reason {
            case .system(let code, let operation):
                "\(operation): \(SystemError.text(code))"
            case .locked:
                "the data folder is in use by another process"
            case .newerFormat(let found, let supported):
                "the data folder has log format \(found), this program knows \(supported)"
            case .foreign(let text):
                "not a log folder: \(text)"
            case .damaged(let text):
                "damaged: \(text)"
            case .restoreFailed(let text):
                "the control state cannot be restored: \(text)"
            case .refusing(let text):
                "the log takes no writes: \(text)"
            }
        switch (file, offset) {
        case (let file?, let offset?): return "\(file) at byte \(offset): \(what)"
        case (let file?, nil): return "\(file): \(what)"
        default: return what
        }
    }
}
