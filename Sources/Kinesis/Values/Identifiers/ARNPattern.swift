// The patterns that the service's model has for ARNs, exactly: a text that breaks one is answered
// with a validation error that quotes the pattern, while one that follows it may still be none that
// names anything. All are matched from the first to the last character, as by Java.

extension StreamARN {
    /// Tells whether `text` has 1 to 2,048 bytes and satisfies
    /// `arn:aws.*:kinesis:.*:\d{12}:stream/\S+`.
    public static func matchesPattern(_ text: Span<UInt8>) -> Bool {
        guard text.count <= greatestARNCount, let accounts = firstAccount(in: text) else {
            return false
        }
        // Any account may be the one that the name follows, if what is before it is one line.
        for start in accounts..<text.count where isAccount(in: text, at: start) {
            let name = start + accountCount
            if text.hasPrefix("stream/", at: name), isOneLine(text.extracting(..<start)),
                isWithoutSpace(text.extracting((name + 7)...))
            {
                return true
            }
        }
        return false
    }
}

extension ConsumerARN {
    /// Tells whether `text` has 1 to 2,048 bytes and satisfies
    /// `^(arn):aws.*:kinesis:.*:\d{12}:.*stream\/[a-zA-Z0-9_.-]+\/consumer\/[a-zA-Z0-9_.-]+:[0-9]+`.
    public static func matchesPattern(_ text: Span<UInt8>) -> Bool {
        guard text.count <= greatestARNCount, let accounts = firstAccount(in: text) else {
            return false
        }
        // None of the last parts can hold what separates them, so that they are found backwards.
        var end = text.count
        guard
            skipBackwards(over: { $0 &- UInt8(ascii: "0") <= 9 }, before: ":", in: text, &end),
            skipBackwards(over: isNameCharacter, before: "/consumer/", in: text, &end),
            skipBackwards(over: isNameCharacter, before: "stream/", in: text, &end),
            isOneLine(text.extracting(..<end))
        else { return false }
        for start in accounts..<max(accounts, end - accountCount + 1)
        where isAccount(in: text, at: start) {
            return true
        }
        return false
    }

    /// Moves `end` before a run of at least one of the given characters and before `separator`.
    private static func skipBackwards(
        over isInRun: (UInt8) -> Bool, before separator: StaticString, in text: Span<UInt8>,
        _ end: inout Int
    ) -> Bool {
        var start = end
        while start > 0 && isInRun(text[start - 1]) {
            start -= 1
        }
        let separatorStart = start - separator.utf8CodeUnitCount
        guard start < end, separatorStart >= 0, text.hasPrefix(separator, at: separatorStart) else {
            return false
        }
        end = separatorStart
        return true
    }
}

extension ResourceARN {
    /// Tells whether `text` has 1 to 2,048 bytes and satisfies
    /// `arn:aws.*:kinesis:.*:\d{12}:.*(stream|channel|queue)/\S+`.
    public static func matchesPattern(_ text: Span<UInt8>) -> Bool {
        guard text.count <= greatestARNCount, let accounts = firstAccount(in: text) else {
            return false
        }
        // The first account leaves the most room for the kind, which follows it anywhere on the
        // same line; behind the kind nothing may be blank.
        var start = accounts
        while start < text.count, !isAccount(in: text, at: start) { start += 1 }
        for kind in start + accountCount..<max(start + accountCount, text.count) {
            for name in ["stream/", "channel/", "queue/"] as [StaticString]
            where text.hasPrefix(name, at: kind) {
                let rest = text.extracting((kind + name.utf8CodeUnitCount)...)
                if isWithoutSpace(rest), isOneLine(text.extracting(..<kind)) { return true }
            }
        }
        return false
    }
}

private let greatestARNCount = 2048
/// The length of `:` and twelve digits and `:`.
private let accountCount = 14

/// The offset from which on `:\d{12}:` may stand, behind the first `arn:aws.*:kinesis:`.
private func firstAccount(in text: Span<UInt8>) -> Int? {
    guard text.hasPrefix("arn:aws", at: 0) else { return nil }
    for start in 7..<max(7, text.count) where text.hasPrefix(":kinesis:", at: start) {
        return start + 9
    }
    return nil
}

private func isAccount(in text: Span<UInt8>, at start: Int) -> Bool {
    guard text.count - start >= accountCount, text[start] == UInt8(ascii: ":"),
        text[start + accountCount - 1] == UInt8(ascii: ":")
    else { return false }
    for i in start + 1..<start + accountCount - 1 where text[i] &- UInt8(ascii: "0") > 9 {
        return false
    }
    return true
}

/// Tells whether `.*` matches `text`.
private func isOneLine(_ text: Span<UInt8>) -> Bool {
    for i in text.indices where text[i] == UInt8(ascii: "\n") || text[i] == UInt8(ascii: "\r") {
        return false
    }
    return true
}

/// Tells whether `\S+` matches `text`.
private func isWithoutSpace(_ text: Span<UInt8>) -> Bool {
    for i in text.indices where text[i] == UInt8(ascii: " ") || (9...13).contains(text[i]) {
        return false
    }
    return !text.isEmpty
}

extension Span where Element == UInt8 {
    /// Tells whether `literal` stands at `offset`.
    func hasPrefix(_ literal: StaticString, at offset: Int) -> Bool {
        guard count - offset >= literal.utf8CodeUnitCount else { return false }
        var i = offset
        for byte in literal.description.utf8 {
            guard self[i] == byte else { return false }
            i += 1
        }
        return true
    }
}
