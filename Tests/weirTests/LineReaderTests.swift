import Dispatch
import Foundation
import Synchronization
import Testing

@testable import weir

/// An input for a `LineReader`: what a read finds is told beforehand, or made up as it is asked for.
private final class Input: Sendable {
    private let script: @Sendable (Int) throws -> [UInt8]
    private let asked = Atomic<Int>(0)

    /// `script` gives the bytes of the read of a number, from 0; none are the end.
    init(_ script: @escaping @Sendable (Int) throws -> [UInt8]) { self.script = script }

    convenience init(_ texts: [String]) {
        self.init { $0 < texts.count ? Array(texts[$0].utf8) : [] }
    }

    var reads: Int { asked.load(ordering: .acquiring) }

    func read(_ buffer: inout [UInt8]) throws -> Int {
        let bytes = try script(asked.wrappingAdd(1, ordering: .acquiringAndReleasing).oldValue)
        buffer.replaceSubrange(..<bytes.count, with: bytes)
        return bytes.count
    }
}

private struct Broken: Error {}

private func text(_ lines: [[UInt8]]) -> [String] {
    lines.map { String(decoding: $0, as: UTF8.self) }
}

@Suite(.timeLimit(.minutes(1))) struct LineReaderTests {
    @Test func `lines are cut wherever reads end`() {
        let text = Array("one\n\ntwo\r\nthree".utf8)
        for size in 1...text.count {
            var cutter = LineCutter()
            var lines: [[UInt8]] = []
            for start in stride(from: 0, to: text.count, by: size) {
                lines += cutter.cut(text[start..<min(start + size, text.count)])
            }
            #expect(cutter.pendingCount == 5)
            if let last = cutter.finish() { lines.append(last) }
            let found = lines.map { String(decoding: $0, as: UTF8.self) }
            #expect(found == ["one", "", "two\r", "three"], "\(size) bytes a read")
            #expect(cutter.finish() == nil)
        }
    }

    @Test func `a batch is what a read found, and the last line needs no end`() async throws {
        let input = Input(["a\nb\n", "c", "d\ne", "f"])
        var reader = LineReader { try input.read(&$0) }
        var batches: [[String]] = []
        while let lines = try await reader.next() { batches.append(text(lines)) }
        #expect(batches == [["a", "b"], ["cd"], ["ef"]])
        #expect(reader.count == 4)
    }

    @Test func `what was read comes before the error that ended the reading`() async throws {
        let input = Input { number in
            if number == 0 { return Array("a\nb\nc".utf8) }
            throw Broken()
        }
        var reader = LineReader { try input.read(&$0) }
        #expect(try await reader.next().map(text) == ["a", "b"])
        await #expect(throws: Broken.self) { try await reader.next() }
        // The line that was begun was read too.
        #expect(reader.count == 3)
    }

    @Test func `endless input is read no further than it is put`() async throws {
        let input = Input { _ in Array("line\n".utf8) }
        var reader = LineReader { try input.read(&$0) }
        for taken in 1...50 {
            _ = try await reader.next()
            // One batch waits in the channel, one was read and waits for its room.
            #expect(input.reads <= taken + 2)
        }
        try await Task.sleep(for: .milliseconds(50))
        #expect(input.reads <= 52)
    }

    @Test func `an endless line ends the reading after the lines before it`() async throws {
        let mebibyte = [UInt8](repeating: 0x78, count: 1 << 20)
        let input = Input { $0 == 0 ? Array("a\nb\n".utf8) : mebibyte }
        var reader = LineReader { try input.read(&$0) }
        #expect(try await reader.next().map(text) == ["a", "b"])
        do {
            _ = try await reader.next()
            Issue.record("no error")
        } catch let failure as CommandFailure {
            #expect(failure.status == .data && failure.description.contains("line 3"))
        }
        #expect(input.reads == 12)
    }

    @Test func `the thread ends when nobody takes lines any more`() async throws {
        weak var gone: Input?
        do {
            let input = Input { _ in Array("line\n".utf8) }
            gone = input
            var reader = LineReader { try input.read(&$0) }
            _ = try await reader.next()
        }
        // The thread holds what it reads from.
        while gone != nil { try await Task.sleep(for: .milliseconds(5)) }
    }

    @Test func `a task that is cancelled does not wait for input`() async throws {
        let never = DispatchSemaphore(value: 0)
        let task = Task {
            var reader = LineReader { _ in
                never.wait()
                return 0
            }
            return try await reader.next()
        }
        task.cancel()
        #expect(try await task.value == nil)
        never.signal()
    }
}
