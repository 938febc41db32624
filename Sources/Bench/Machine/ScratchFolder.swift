import Glibc

/// A folder that a server of the bench's own keeps its data in.
enum ScratchFolder {
    /// Makes one in `parent` and answers its path; nil if that cannot be written.
    static func make(in parent: String) -> String? {
        var template = Array("\(parent)/weir-bench-XXXXXX".utf8CString)
        return unsafe template.withUnsafeMutableBufferPointer { buffer in
            guard let name = unsafe mkdtemp(buffer.baseAddress.unsafelyUnwrapped) else {
                return nil
            }
            return unsafe String(cString: name)
        }
    }

    /// Removes a folder and all that is in it.
    static func remove(_ folder: String) {
        ChildProcess("/bin/rm", ["rm", "-rf", "--", folder])?.wait()
    }
}
