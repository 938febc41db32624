import Foundation
import Testing
import TestSupport
import Wire

/// `proto-spec/vectors/event-stream.json`.
private struct Vectors: Decodable {
    struct Message: Decodable {
        struct Header: Decodable {
            var name, type, value: String
        }
        var name, hex, payload: String
        var headers: [Header]
    }
    struct Refused: Decodable {
        var name, hex, fault: String
    }
    var messages: [Message]
    var refused: [Refused]

    static func load() throws -> Vectors {
        try Specification.load("vectors/event-stream.json")
    }

    func message(_ name: String) throws -> [UInt8] {
        unhex(try #require(messages.first { $0.name == name }).hex)
    }
}

private func decode(_ stream: [UInt8]) throws(EventStreamDecoder.Fault) -> [EventStreamMessage] {
    try EventStreamDecoder.decode(stream.span)
}

private func value(_ header: Vectors.Message.Header) -> EventStreamHeader.Value? {
    switch header.type {
    case "true": .boolean(true)
    case "false": .boolean(false)
    case "int8": Int8(header.value).map { .int8($0) }
    case "int16": Int16(header.value).map { .int16($0) }
    case "int32": Int32(header.value).map { .int32($0) }
    case "int64": Int64(header.value).map { .int64($0) }
    case "bytes": .bytes(unhex(header.value))
    case "string": .string(header.value)
    case "timestamp": Int64(header.value).map { .timestamp(milliseconds: $0) }
    case "uuid": UInt128(header.value, radix: 16).map { .uuid($0) }
    default: nil
    }
}

/// The name of a fault's case.
private func name(_ fault: EventStreamDecoder.Fault) -> String {
    String(String(describing: fault).prefix { $0 != "(" })
}

private func event(_ payload: String) -> [UInt8] {
    var builder = EventStreamBuilder(eventType: "SubscribeToShardEvent", capacity: 0)
    builder.frame.append(contentsOf: payload.utf8)
    return builder.finish()
}

@Suite struct `Event-stream messages` {
    @Test func `the messages of the specification are read as it says`() throws {
        let vectors = try Vectors.load()
        #expect(vectors.messages.count >= 8)
        for vector in vectors.messages {
            let read = try decode(unhex(vector.hex))
            let expected = EventStreamMessage(
                headers: try vector.headers.map {
                    EventStreamHeader(name: $0.name, value: try #require(value($0)))
                }, payload: Array(vector.payload.utf8))
            #expect(read == [expected], "\(vector.name)")
        }
    }

    @Test func `what the specification refuses is refused for its reason`() throws {
        let vectors = try Vectors.load()
        #expect(vectors.refused.count >= 15)
        for vector in vectors.refused {
            do {
                _ = try decode(unhex(vector.hex))
                Issue.record("\(vector.name) was accepted")
            } catch let fault {
                #expect(name(fault) == vector.fault, "\(vector.name)")
            }
        }
    }

    @Test func `our messages are those of the specification`() throws {
        let vectors = try Vectors.load()
        #expect(try EventStream.initialResponse == vectors.message("initial response"))
        let exception = EventStream.exception("ResourceInUseException", message: "x")
        #expect(try exception == vectors.message("modelled exception"))
        let error = EventStream.error(code: "InternalError", message: "x")
        #expect(try error == vectors.message("unmodelled error"))
        for name in ["event without records", "event with one record", "end of a shard"] {
            let vector = try #require(vectors.messages.first { $0.name == name })
            #expect(event(vector.payload) == unhex(vector.hex), "\(name)")
        }
    }

    @Test func `a frame that a writer takes and gives back is the same message`() throws {
        var builder = EventStreamBuilder(eventType: "SubscribeToShardEvent", capacity: 64)
        var writer = ResponseWriter(.json, after: builder.takeFrame())
        writer.beginStructure()
        writer.key("MillisBehindLatest")
        writer.integer(0)
        writer.endStructure()
        let message = builder.finish(writer.finish())
        #expect(message == event("{\"MillisBehindLatest\":0}"))
    }

    @Test func `the text of an exception is escaped and that of an error is cut`() throws {
        let text = "a \"quoted\" \\ text\u{1}\nwith ü"
        let exception = try #require(try decode(EventStream.exception("X", message: text)).first)
        let payload = try JSONDecoder().decode(
            [String: String].self, from: Data(exception.payload))
        #expect(payload == ["message": text])
        #expect(exception.text(":exception-type") == "X")
        #expect(exception.text(":message-type") == "exception")

        let long = String(repeating: "ü", count: 600)
        let error = try #require(try decode(EventStream.error(code: "Y", message: long)).first)
        #expect(error.text(":error-message") == String(repeating: "ü", count: 512))
        #expect(error.payload.isEmpty)
    }

    @Test func `every flipped bit of a message is refused or waits for more`() throws {
        let message = try Vectors.load().message("event with one record")
        for place in message.indices {
            for bit in 0..<8 {
                var changed = message
                changed[place] ^= 1 << bit
                #expect(throws: EventStreamDecoder.Fault.self) { try decode(changed) }
            }
        }
    }

    @Test func `a message cut anywhere waits for the rest and is then whole`() throws {
        let message = try Vectors.load().message("event with one record")
        let expected = try decode(message)
        for cut in message.indices {
            var decoder = EventStreamDecoder()
            decoder.append(message.span.extracting(..<cut))
            #expect(try decoder.next() == nil, "\(cut)")
            #expect(decoder.pendingCount == cut)
            decoder.append(message.span.extracting(cut...))
            #expect(try decoder.next() == expected.first, "\(cut)")
            #expect(decoder.pendingCount == 0)
            if cut > 0 {
                #expect(throws: EventStreamDecoder.Fault.impossibleLengths) {
                    try decode(Array(message[..<cut]))
                }
            }
        }
    }

    @Test func `messages come out whole however their stream is cut`() throws {
        let seed = UInt64.random(in: .min ... .max)
        var random = SeededGenerator(seed: seed)
        for _ in 0..<rounds(50) {
            var stream = EventStream.initialResponse
            var payloads = [Array("{}".utf8)]
            for _ in 0..<Int.random(in: 0...8, using: &random) {
                let payload = random.bytes(Int.random(in: 0...3000, using: &random))
                var builder = EventStreamBuilder(eventType: "SubscribeToShardEvent", capacity: 0)
                builder.frame += payload
                stream += builder.finish()
                payloads.append(payload)
            }
            var decoder = EventStreamDecoder()
            var read: [[UInt8]] = []
            var start = 0
            while start < stream.count {
                let end = min(stream.count, start + Int.random(in: 1...2000, using: &random))
                decoder.append(stream.span.extracting(start..<end))
                start = end
                while let message = try decoder.next() {
                    read.append(message.payload)
                }
            }
            #expect(read == payloads, "seed \(seed)")
            #expect(decoder.pendingCount == 0, "seed \(seed)")
        }
    }

    @Test func `a payload of the greatest size passes`() throws {
        var builder = EventStreamBuilder(
            eventType: "SubscribeToShardEvent", capacity: EventStreamLimits.payloadBytes)
        builder.frame += [UInt8](repeating: 32, count: EventStreamLimits.payloadBytes)
        #expect(builder.payloadCount == EventStreamLimits.payloadBytes)
        let messages = try decode(builder.finish())
        #expect(messages.first?.payload.count == EventStreamLimits.payloadBytes)
    }
}
