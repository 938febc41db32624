import Wire

/// A member's name and value in one call, for the outputs of the operations.
extension ResponseWriter {
    mutating func member(_ name: String, text value: String) {
        key(name)
        text(value)
    }

    /// Writes nothing when there is no value: an absent member is left out, never null.
    mutating func member(_ name: String, optional value: String?) {
        if let value { member(name, text: value) }
    }

    mutating func member(_ name: String, integer value: Int) {
        key(name)
        integer(Int64(value))
    }

    mutating func member(_ name: String, boolean value: Bool) {
        key(name)
        boolean(value)
    }

    mutating func member(_ name: String, milliseconds value: Int64) {
        key(name)
        timestamp(milliseconds: value)
    }

    /// A time that the protocol knows to the second.
    mutating func member(_ name: String, second value: UInt64) {
        member(name, milliseconds: Int64(value) * 1000)
    }

    mutating func member(_ name: String, shard value: ShardID) {
        key(name)
        let ascii = value.ascii
        text(ascii.span)
    }

    mutating func member(_ name: String, number value: SequenceNumber) {
        key(name)
        let digits = value.digits
        text(digits.span)
    }

    mutating func member(_ name: String, range: HashRange) {
        key(name)
        beginStructure()
        member("StartingHashKey", text: String(range.start))
        member("EndingHashKey", text: String(range.end))
        endStructure()
    }

    mutating func member(_ name: String, texts: [String]) {
        key(name)
        beginList()
        for value in texts { text(value) }
        endList()
    }

    mutating func member(_ name: String, tags: [ResourceTag]) {
        key(name)
        beginList()
        for tag in tags {
            beginStructure()
            member("Key", text: tag.key)
            member("Value", text: tag.value)
            endStructure()
        }
        endList()
    }

    mutating func member(_ name: String, children: [ChildShard]) {
        key(name)
        beginList()
        for child in children {
            beginStructure()
            member("ShardId", shard: child.id)
            key("ParentShards")
            beginList()
            for parent in child.parents {
                let ascii = parent.ascii
                text(ascii.span)
            }
            endList()
            member("HashKeyRange", range: child.range)
            endStructure()
        }
        endList()
    }
}
