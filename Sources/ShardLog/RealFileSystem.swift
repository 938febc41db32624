internal import CLinux
internal import Glibc

/// The disk.
public struct RealFileSystem: FileSystem {
    public init() {}
    public func makeFolder(_ path: String) throws(SystemFailure) {}
    public func list(_ path: String) throws(SystemFailure) -> [String] { [] }
    public func open(_ path: String, create: Bool) throws(SystemFailure) -> any File {
        throw SystemFailure(errno: ENOSYS, operation: "open")
    }
    public func rename(_ from: String, to: String) throws(SystemFailure) {}
    public func unlink(_ path: String) throws(SystemFailure) {}
    public func syncFolder(_ path: String) throws(SystemFailure) {}
    public func availableBytes(_ path: String) throws(SystemFailure) -> UInt64 { 0 }
}

/// What strerror(3) says.
func systemErrorText(_ code: Int32) -> String {
    guard let text = unsafe strerror(code) else { return "error \(code)" }
    return unsafe String(cString: text)
}
