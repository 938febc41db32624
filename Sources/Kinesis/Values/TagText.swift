// What keys and values of tags may be made of.

/// The Tags of a request, whose characters the front of AWS's service would pass.
func checkedTags(in fields: Fields) throws(ServiceError) -> [ResourceTag] {
    let tags = fields.entries("Tags").map { ResourceTag(key: $0.key, value: $0.value) }
    for tag in tags {
        guard isTagText(tag.key), isTagText(tag.value) else { throw .tagCharacters }
        guard !isReserved(tag.key) else { throw .reservedTagKey(tag.key) }
    }
    return tags
}

/// The TagKeys of a request, whose characters the front of AWS's service would pass.
func checkedTagKeys(in fields: Fields) throws(ServiceError) -> [String] {
    let keys = fields.texts("TagKeys")
    try keys.checkCharacters()
    return keys
}

/// Letters, digits and separators (Unicode's category Z, so neither tab nor newline) of any script,
/// and `_ . / = + - @ : %`. The last one passes here and is refused later, as on AWS.
private func isTagText(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy { scalar in
        switch scalar {
        case "_", ".", "/", "=", "+", "-", "@", ":", "%": true
        default:
            scalar.properties.isAlphabetic || scalar.properties.numericType != nil
                || isSeparator(scalar)
        }
    }
}

private func isSeparator(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .spaceSeparator, .lineSeparator, .paragraphSeparator: true
    default: false
    }
}

/// Keys that begin with `aws:`, in any case, are AWS's own.
private func isReserved(_ key: String) -> Bool {
    key.prefix(4).lowercased() == "aws:"
}

extension [ResourceTag] {
    /// Whether a key or value has the character that only the first check passes.
    public var haveIllegalCharacters: Bool {
        contains {
            $0.key.utf8.contains(UInt8(ascii: "%")) || $0.value.utf8.contains(UInt8(ascii: "%"))
        }
    }
}

extension [String] {
    /// Throws if a key has a character that the front of AWS's service does not pass.
    public func checkCharacters() throws(ServiceError) {
        for key in self where !isTagText(key) { throw .tagCharacters }
    }

    /// Whether a key has the character that only the first check passes.
    public var haveIllegalCharacters: Bool {
        contains { $0.utf8.contains(UInt8(ascii: "%")) }
    }
}
