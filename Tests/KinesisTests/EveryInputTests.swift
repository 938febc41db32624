import Kinesis
import Testing
import Wire

/// One way in which a request is wrong, and the text about it.
private struct Fault {
    var members: [(String, Sample)]
    var code: ErrorCode
    var text: String
}

private let nullPhrase = "Member must not be null"

private func violation(_ value: String, _ path: String, _ phrase: String) -> String {
    "1 validation error detected: Value \(value) at '\(path)' failed to satisfy constraint: \(phrase)"
}

private func lowered(_ name: String) -> String { name.prefix(1).lowercased() + name.dropFirst() }

/// Every single fault of a structure's members; `rebuild` puts the faulty members into a request.
private func faults(
    _ shapes: [InputModel.Shape], prefix: String,
    rebuild: ([(String, Sample)]) -> [(String, Sample)]
) -> [Fault] {
    var faults: [Fault] = []
    let valid = Sample.members(shapes)
    for (index, shape) in shapes.enumerated() {
        let path = prefix + lowered(shape.name ?? "")
        func replace(_ sample: Sample, _ code: ErrorCode, _ text: String) {
            var members = valid
            members[index].1 = sample
            faults.append(Fault(members: rebuild(members), code: code, text: text))
        }
        func violate(_ sample: Sample, _ value: String, _ phrase: String) {
            replace(sample, .validation, violation(value, path, phrase))
        }
        if shape.required == true {
            var members = valid
            members.remove(at: index)
            let text = violation("null", path, nullPhrase)
            faults.append(Fault(members: rebuild(members), code: .validation, text: text))
            violate(.null, "null", nullPhrase)
        }
        for (sample, text) in wrongKinds(shape.type) { replace(sample, .serialization, text) }
        switch shape.type {
        case "integer":
            if let min = shape.min {
                violate(
                    .number(min - 1), "'\(min - 1)'",
                    "Member must have value greater than or equal to \(min)")
            }
            if let max = shape.max {
                violate(
                    .number(max + 1), "'\(max + 1)'",
                    "Member must have value less than or equal to \(max)")
            }
        case "string":
            if let values = shape.enum {
                violate(
                    .text("X"), "'X'",
                    "Member must satisfy enum value set: [\(values.joined(separator: ", "))]")
            }
            if let pattern = shape.pattern, let bad = badText(pattern) {
                violate(
                    .text(bad), "'\(bad)'",
                    "Member must satisfy regular expression pattern: \(pattern)")
            }
            if let max = shape.max, shape.pattern != "[a-z0-9]{20}-[a-z0-9]{3}", max < 1_000_000 {
                let long = longText(shape.pattern ?? "", count: max + 1)
                violate(
                    .text(long), "'\(long)'", "Member must have length less than or equal to \(max)"
                )
            }
            if shape.min == 1, shape.pattern == nil {
                violate(.text(""), "''", "Member must have length greater than or equal to 1")
            }
        case "structure":
            faults += structureFaults(shape, path) { inner in
                var members = valid
                members[index].1 = inner
                return rebuild(members)
            }
        case "list":
            guard let element = shape.element else { continue }
            violate(.list([]), "'[]'", "Member must have length greater than or equal to 1")
            if element.type == "string" {
                faults += textListFaults(shape, element, path) { sample in
                    var members = valid
                    members[index].1 = sample
                    return rebuild(members)
                }
                continue
            }
            for place in [0, 2] {
                faults += structureFaults(element, "\(path).\(place + 1).member") { inner in
                    var members = valid
                    var elements = Array(repeating: Sample.valid(element), count: 4)
                    elements[place] = inner
                    members[index].1 = .list(elements)
                    return rebuild(members)
                }
            }
        case "map":
            violate(.map([]), "'{}'", "Member must have length greater than or equal to 1")
            let long = String(repeating: "k", count: 129)
            violate(
                .map([("a", .text("b")), (long, .text("v"))]), "'{a=b, \(long)=v}'",
                "Map keys must satisfy constraint: [Member must have length less than or equal to "
                    + "128, Member must have length greater than or equal to 1]")
            violate(
                .map([("", .text("v"))]), "'{=v}'",
                "Map keys must satisfy constraint: [Member must have length less than or equal to "
                    + "128, Member must have length greater than or equal to 1]")
            let value = String(repeating: "v", count: 257)
            violate(
                .map([("k", .text(value))]), "'{k=\(value)}'",
                "Map value must satisfy constraint: [Member must have length less than or equal to "
                    + "256, Member must have length greater than or equal to 0]")
            let many = (1...201).map { ("k\($0)", Sample.text("v")) }
            violate(
                .map(many), "'{" + many.map { "\($0.0)=v" }.joined(separator: ", ") + "}'",
                "Member must have length less than or equal to 200")
            replace(
                .map([("k", .list([]))]), .serialization, "Start of list found where not expected")
        default: break
        }
    }
    return faults
}

private func structureFaults(
    _ shape: InputModel.Shape, _ path: String, rebuild: (Sample) -> [(String, Sample)]
) -> [Fault] {
    faults(shape.members ?? [], prefix: path + ".") { rebuild(.map($0)) }
}

/// Every single fault of a list of texts.
private func textListFaults(
    _ list: InputModel.Shape, _ element: InputModel.Shape, _ path: String,
    rebuild: (Sample) -> [(String, Sample)]
) -> [Fault] {
    func violation(_ texts: [String], _ phrase: String) -> Fault {
        let value = "'[" + texts.joined(separator: ", ") + "]'"
        return Fault(
            members: rebuild(.list(texts.map { .text($0) })), code: .validation,
            text: KinesisTests.violation(value, path, phrase))
    }
    var faults: [Fault] = []
    if let values = element.enum, let last = values.last {
        let phrase =
            "Member must satisfy constraint: [Member must satisfy enum value set: "
            + "[\(values.joined(separator: ", "))]]"
        faults.append(violation([last, "X"], phrase))
        let many = Array(repeating: last, count: (list.max ?? 0) + 1)
        faults.append(
            violation(many, "Member must have length less than or equal to \(list.max ?? 0)"))
    } else {
        let phrase =
            "Member must satisfy constraint: [Member must have length less than or equal to "
            + "\(element.max ?? 0), Member must have length greater than or equal to 1]"
        for bad in ["", String(repeating: "k", count: (element.max ?? 0) + 1)] {
            faults.append(violation(["a", bad], phrase))
        }
        let many = (0...(list.max ?? 0)).map { "k\($0)" }
        faults.append(
            violation(many, "Member must have length less than or equal to \(list.max ?? 0)"))
    }
    for (sample, text) in wrongKinds("string") {
        faults.append(
            Fault(
                members: rebuild(.list([.text("a"), sample])), code: .serialization, text: text))
    }
    return faults
}

private func wrongKinds(_ type: String) -> [(Sample, String)] {
    let list = (Sample.list([]), "Start of list found where not expected")
    let map = (Sample.map([]), "Start of structure or map found where not expected.")
    let big =
        "class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to"
    let bool = "class java.lang.Boolean can not be converted to"
    let text = "class java.lang.String can not be converted to"
    switch type {
    case "string":
        return [(.number(1), "\(big) an String"), (.boolean(true), "\(bool) an String"), list, map]
    case "blob":
        return [(.number(1), "\(big) a Blob"), (.boolean(true), "\(bool) a Blob"), list, map]
    case "integer":
        return [
            (.text("1"), "\(text) an Integer"), (.boolean(true), "\(bool) an Integer"), list, map,
        ]
    case "boolean":
        return [
            (.number(1), "\(big) an Boolean"),
            (.text("maybe"), "'MAYBE' can not be converted to an Boolean"), list, map,
        ]
    case "timestamp":
        return [
            (.text("1"), "\(text) milliseconds since epoch"),
            (.boolean(true), "\(bool) milliseconds since epoch"), list, map,
        ]
    case "list":
        return [
            (.text("x"), "Expected list or null"), (.number(1), "Expected list or null"),
            (.boolean(true), "Expected list or null"), map, (.list([.list([])]), list.1),
        ]
    case "map":
        return [
            (.text("x"), "Expected map or null"), (.number(1), "Expected map or null"),
            (.boolean(true), "Expected map or null"), list,
        ]
    default:
        return [
            (.text("x"), "Expected null"), (.number(1), "Expected null"),
            (.boolean(true), "Expected null"), list,
        ]
    }
}

private func badText(_ pattern: String) -> String? {
    switch pattern {
    case "[a-zA-Z0-9_.-]+": "a b"
    case let pattern where pattern.hasPrefix("^(0|"): "01"
    case let pattern where pattern.contains("arn"): "arn:aws:kinesis:us-east-1:12345678901:stream/x"
    default: "0123456789abcdefghij-xyZ"
    }
}

/// A text that satisfies the pattern and has `count` characters.
private func longText(_ pattern: String, count: Int) -> String {
    let prefix =
        pattern.hasPrefix("^(arn)")
        ? "arn:aws:kinesis:r:123456789012:stream/s/consumer/c:"
        : pattern.hasPrefix("arn") ? "arn:aws:kinesis:r:123456789012:stream/" : ""
    return prefix + String(repeating: "1", count: count - prefix.utf8.count)
}

/// What a blob's wrong kind is called depends on the encoding: JSON has no byte strings.
private let encodings: [Encoding] = [.json, .cbor]

@Suite struct `Every input` {
    @Test func `all operations are in the specification`() throws {
        let inputs = try InputModel.load()
        #expect(inputs.map(\.target).sorted() == Operation.allCases.map(\.target).sorted())
    }

    @Test func `a request with every member says the same in both encodings`() throws {
        for input in try InputModel.load() {
            let operation = try #require(Operation.named(input.operation))
            for members in variants(input) {
                let sample = Sample.map(members)
                let json = Array(sample.json().utf8)
                let fromJSON = try? decode(operation, json, .json)
                let fromCBOR = try? decode(operation, sample.cbor(), .cbor)
                #expect(fromJSON == fromCBOR, "\(input.operation)")
                #expect(refusal(operation, json) == refusal(operation, sample.cbor(), .cbor))
            }
        }
    }

    /// The whole request, and it without each of its members.
    private func variants(_ input: InputModel.Input) -> [[(String, Sample)]] {
        let whole = Sample.members(input.members)
        return [whole]
            + whole.indices.map { index in
                var members = whole
                members.remove(at: index)
                return members
            }
    }

    @Test func `every fault of every member has its text, in both encodings`() throws {
        var count = 0
        for input in try InputModel.load() {
            let operation = try #require(Operation.named(input.operation))
            for fault in faults(input.members, prefix: "", rebuild: { $0 }) {
                let sample = Sample.map(fault.members)
                let expected = ServiceError(fault.code, fault.text)
                #expect(refusal(operation, sample.json()) == expected, "\(input.operation)")
                #expect(refusal(operation, sample.cbor(), .cbor) == expected, "\(input.operation)")
                count += 1
            }
        }
        #expect(count > 500)
    }

    @Test func `the first faulty member in declared order is told, whatever the document's`() throws
    {
        for input in try InputModel.load() where input.members.count > 1 {
            let operation = try #require(Operation.named(input.operation))
            var members: [(String, Sample)] = []
            var expected: String?
            for shape in input.members {
                let (sample, text) = wrongKinds(shape.type)[0]
                members.append((shape.name ?? "", sample))
                expected = expected ?? text
            }
            for order in [members, members.reversed(), members.reversed() + [("Other", .null)]] {
                #expect(
                    refusal(operation, Sample.map(order).json())
                        == ServiceError(.serialization, expected), "\(input.operation)")
            }
        }
    }

    @Test func `null and unknown members are as if they were not there`() throws {
        for input in try InputModel.load() {
            let operation = try #require(Operation.named(input.operation))
            let required = Sample.members(input.members.filter { $0.required == true })
            let strange: [(String, Sample)] = [
                ("Unknown", .map([("a", .list([.map([("b", .null)])]))])),
                ("streamname", .number(1)),
                ("", .boolean(true)),
            ]
            let nulls = input.members.filter { $0.required != true }.map {
                ($0.name ?? "", Sample.null)
            }
            let plain = Sample.map(required)
            let crowded = Sample.map(strange + required + nulls)
            #expect(refusal(operation, plain.json()) == refusal(operation, crowded.json()))
            #expect(
                (try? decode(operation, Array(plain.json().utf8), .json))
                    == (try? decode(operation, crowded.cbor(), .cbor)))
        }
    }

    @Test func `a request cut anywhere is refused without a text`() throws {
        for input in try InputModel.load() {
            let operation = try #require(Operation.named(input.operation))
            let sample = Sample.map(Sample.members(input.members))
            for (encoding, bytes) in [
                (Encoding.json, Array(sample.json().utf8)), (.cbor, sample.cbor()),
            ] {
                for count in 0..<bytes.count {
                    #expect(
                        refusal(operation, Array(bytes[..<count]), encoding)
                            == ServiceError(.serialization, nil))
                }
            }
        }
    }
}
