import Foundation
import Glibc

/// Runs a program by the shell, and gives what it wrote and how it ended.
///
/// Not by Foundation's `Process`, which keeps two threads and a dozen descriptors for good.
public func run(
    _ words: [String], in folder: String = "/", discardsErrors: Bool = false
) throws -> (text: String, status: Int32) {
    func quoted(_ word: String) -> String {
        "'"
            + word.split(separator: "'", omittingEmptySubsequences: false)
            .joined(separator: "'\\''") + "'"
    }
    let errors = discardsErrors ? "2>/dev/null" : "2>&1"
    let line =
        "cd \(quoted(folder)) && exec \(words.map(quoted).joined(separator: " ")) \(errors)"
    guard let pipe = unsafe popen(line, "re") else { throw CocoaError(.fileReadUnknown) }
    var text: [UInt8] = []
    while true {
        let byte = unsafe getc(pipe)
        if byte == EOF { break }
        text.append(UInt8(truncatingIfNeeded: byte))
    }
    let status = unsafe pclose(pipe)
    return (String(decoding: text, as: UTF8.self), status == -1 ? -1 : status >> 8 | status & 127)
}
