/// The regular expressions of the service model, matched whole and in linear time by hand.
enum Pattern: Sendable, CaseIterable {
    case name
    case hashKey
    case sequenceNumber
    case streamARN
    case consumerARN
    case streamID
    case resourceARN

    /// The expression as the model has it, which errors quote.
    var text: String {
        switch self {
        case .name: "[a-zA-Z0-9_.-]+"
        case .hashKey: #"^(0|([1-9]\d{0,38}))$"#
        case .sequenceNumber: #"^(0|([1-9]\d{0,128}))$"#
        case .streamARN: #"arn:aws.*:kinesis:.*:\d{12}:stream/\S+"#
        case .consumerARN:
            #"^(arn):aws.*:kinesis:.*:\d{12}:.*stream\/[a-zA-Z0-9_.-]+\/consumer\/[a-zA-Z0-9_.-]+:[0-9]+"#
        case .streamID: "[a-z0-9]{20}-[a-z0-9]{3}"
        case .resourceARN: #"arn:aws.*:kinesis:.*:\d{12}:.*(stream|channel|queue)/\S+"#
        }
    }

    /// Whether all of `value`, which is UTF-8, matches.
    func matches(_ value: Span<UInt8>) -> Bool {
        switch self {
        case .name: isWord(value)
        case .hashKey: isDecimal(value, digits: 39)
        case .sequenceNumber: SequenceNumber.matchesPattern(value)
        case .streamARN: isTooLongForARN(value) || StreamARN.matchesPattern(value)
        case .consumerARN: isTooLongForARN(value) || ConsumerARN.matchesPattern(value)
        case .streamID: isStreamID(value)
        case .resourceARN: isTooLongForARN(value) || ResourceARN.matchesPattern(value)
        }
    }
}

private func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

private func isWord(_ value: Span<UInt8>) -> Bool {
    for index in value.indices where !isNameCharacter(value[index]) { return false }
    return !value.isEmpty
}

private func isDecimal(_ value: Span<UInt8>, digits: Int) -> Bool {
    guard !value.isEmpty, value.count <= digits else { return false }
    if value[0] == UInt8(ascii: "0") { return value.count == 1 }
    for index in value.indices where !isDigit(value[index]) { return false }
    return true
}

private func isStreamID(_ value: Span<UInt8>) -> Bool {
    guard value.count == 24 else { return false }
    for index in value.indices {
        let byte = value[index]
        if index == 20 {
            if byte != UInt8(ascii: "-") { return false }
        } else if !isDigit(byte), byte &- UInt8(ascii: "a") >= 26 {
            return false
        }
    }
    return true
}

/// Whether the length alone refuses the text; AWS then says nothing about the pattern of an ARN.
private func isTooLongForARN(_ value: Span<UInt8>) -> Bool { value.count > 2048 }
