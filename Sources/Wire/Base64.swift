internal import CBytes

/// Padded base64 with the standard alphabet (RFC 4648, section 4), the form of blobs in JSON.
///
/// Decoding is strict: only the text that encoding gives for some bytes is accepted.
public enum Base64 {
    /// Why a text is not base64, in the three ways that AWS tells apart.
    public enum Fault: Error, Hashable, Sendable {
        /// The text's length, the count here, is not a multiple of four.
        case lengthNotMultipleOfFour(count: Int)
        /// The character at `offset` is outside the alphabet, or a `=` that is not at the end.
        case invalidCharacter(offset: Int)
        /// The last character before the padding, at `offset`, has bits that the padding
        /// discards, or there are more than two `=`.
        case invalidLastCharacter(offset: Int)
    }

    /// The length of the text for `count` bytes.
    public static func encodedCount(_ count: Int) -> Int {
        (count + 2) / 3 * 4
    }

    /// The greatest number of bytes that a text of `count` characters can hold: up to two more
    /// than it does.
    public static func decodedCapacity(_ count: Int) -> Int {
        count / 4 * 3
    }

    /// Appends the text of `bytes` to `text`.
    public static func encode(_ bytes: Span<UInt8>, appendingTo text: inout [UInt8]) {
        // As in `append(copying:)`: nothing is appended to the storage of all empty arrays.
        if bytes.isEmpty { return }
        text.append(addingCapacity: encodedCount(bytes.count)) { output in
            encode(bytes, into: &output)
        }
    }

    /// Appends the text of `bytes` to `output`, which must have room for ``encodedCount(_:)``.
    public static func encode(_ bytes: Span<UInt8>, into output: inout OutputSpan<UInt8>) {
        precondition(encodedCount(bytes.count) <= output.freeCapacity, "the output is too short")
        unsafe bytes.withUnsafeBytes { input in
            unsafe output.withUnsafeMutableBufferPointer { buffer, count in
                // The kernel writes exactly the encoded count, for which the precondition left
                // room behind the first `count` bytes. No bytes have no address and no text.
                guard let source = input.baseAddress, let target = buffer.baseAddress else {
                    return
                }
                let text = unsafe UnsafeMutableRawPointer(target + count)
                count += unsafe weir_base64_encode(
                    text.assumingMemoryBound(to: CChar.self), source, input.count)
            }
        }
    }

    /// Returns the bytes that `text` stands for.
    public static func decode(_ text: Span<UInt8>) throws(Fault) -> [UInt8] {
        var bytes: [UInt8] = []
        try decode(text, appendingTo: &bytes)
        return bytes
    }

    /// Appends the bytes that `text` stands for to `bytes`, which after an error is as before.
    public static func decode(
        _ text: Span<UInt8>, appendingTo bytes: inout [UInt8]
    ) throws(Fault) {
        if text.isEmpty { return }
        // A text that is too short for a byte is refused inside; see `append(copying:)`.
        try bytes.append(addingCapacity: max(1, decodedCapacity(text.count))) {
            (output: inout OutputSpan<UInt8>) throws(Fault) in
            try decode(text, into: &output)
        }
    }

    /// Appends the bytes that `text` stands for to `output`, which must have room for
    /// ``decodedCapacity(_:)`` and after an error is as before.
    public static func decode(
        _ text: Span<UInt8>, into output: inout OutputSpan<UInt8>
    ) throws(Fault) {
        guard text.count % 4 == 0 else { throw .lengthNotMultipleOfFour(count: text.count) }
        precondition(decodedCapacity(text.count) <= output.freeCapacity, "the output is too short")
        let isDecoded = unsafe text.withUnsafeBytes { input in
            unsafe output.withUnsafeMutableBufferPointer { buffer, count in
                // The kernel writes at most the decoded capacity, for which the precondition left
                // room behind the first `count` bytes. No text has no address and no bytes.
                guard let source = input.baseAddress, let target = buffer.baseAddress else {
                    return true
                }
                let written = unsafe weir_base64_decode(
                    target + count, source.assumingMemoryBound(to: CChar.self), input.count)
                guard written >= 0 else { return false }
                count += written
                return true
            }
        }
        guard isDecoded else { throw fault(in: text) }
    }

    /// Finds what is wrong with a text that the kernel refused: a bad character anywhere comes
    /// before a bad end, as on AWS.
    private static func fault(in text: Span<UInt8>) -> Fault {
        var end = text.count
        while end > 0 && text[end - 1] == UInt8(ascii: "=") {
            end -= 1
        }
        for offset in 0..<end where !isInAlphabet(text[offset]) {
            return .invalidCharacter(offset: offset)
        }
        return .invalidLastCharacter(offset: max(end - 1, 0))
    }

    private static func isInAlphabet(_ character: UInt8) -> Bool {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"):
            true
        default:
            false
        }
    }
}
