import Kinesis
import Testing
import TestSupport

private func isStreamARN(_ text: String) -> Bool {
    StreamARN.matchesPattern(text.utf8.span)
}

private func isConsumerARN(_ text: String) -> Bool {
    ConsumerARN.matchesPattern(text.utf8.span)
}

@Suite struct `ARNs` {
    static let stream = "arn:aws:kinesis:eu-central-1:123456789012:stream/orders"

    @Test func `the ARN of a stream is taken apart and put together`() throws {
        let arn = try #require(StreamARN(Self.stream))
        #expect(arn.partition == "aws")
        #expect(arn.region == "eu-central-1")
        #expect(arn.account == "123456789012")
        #expect(arn.name == "orders")
        #expect(arn.description == Self.stream)
        #expect(
            arn == StreamARN(region: "eu-central-1", account: "123456789012", name: "orders"))
    }

    @Test func `the ARN of a consumer is taken apart and put together`() throws {
        let text = Self.stream + "/consumer/app.one:1548118962"
        let arn = try #require(ConsumerARN(text))
        #expect(arn.stream == StreamARN(Self.stream))
        #expect(arn.name == "app.one")
        #expect(arn.createdSecond == 1_548_118_962)
        #expect(arn.description == text)
    }

    @Test(arguments: [
        "arn:aws-cn:kinesis:cn-north-1:000000000000:stream/a",
        "arn:aws-us-gov:kinesis:us-gov-west-1:000000000000:stream/a.b_c-D9",
        "arn:aws:kinesis:r:000000000000:stream/" + String(repeating: "n", count: 128),
    ])
    func `good ARNs are printed as they were read`(text: String) {
        #expect(StreamARN(text)?.description == text)
        #expect(isStreamARN(text))
        let consumer = text + "/consumer/c:0"
        #expect(ConsumerARN(consumer)?.description == consumer)
        #expect(isConsumerARN(consumer))
    }

    @Test(arguments: [
        "", "arn", "orders", "arn:aws:kinesis:eu-central-1:123456789012:stream/",
        "arn:aws:kinesis:eu-central-1:12345678901:stream/orders",
        "arn:aws:kinesis:eu-central-1:1234567890123:stream/orders",
        "arn:aws:kinesis:eu-central-1:12345678901x:stream/orders",
        "arn:aws:kinesis:eu-central-1:123456789012:table/orders",
        "arn:aws:dynamodb:eu-central-1:123456789012:stream/orders",
        "arn:gcp:kinesis:eu-central-1:123456789012:stream/orders",
        "ARN:aws:kinesis:eu-central-1:123456789012:stream/orders",
        " arn:aws:kinesis:eu-central-1:123456789012:stream/orders",
        "arn:aws:kinesis:eu-central-1:123456789012:stream/or ders",
        "arn:aws:kinesis:eu-central-1:123456789012:stream/orders\n",
        "arn:aws:kinesis:eu\ncentral:123456789012:stream/orders",
    ])
    func `what breaks the pattern is no ARN of a stream`(text: String) {
        #expect(!isStreamARN(text))
        #expect(StreamARN(text) == nil)
    }

    @Test(arguments: [
        "arn:aws:kinesis:EU:123456789012:stream/orders",
        "arn:aws:kinesis::123456789012:stream/orders",
        "arn:awsX:kinesis:eu:123456789012:stream/orders",
        "arn:aws:x:kinesis:eu:123456789012:stream/orders",
        "arn:aws:kinesis:eu:x:123456789012:stream/orders",
        "arn:aws:kinesis:eu:123456789012:stream/orders/consumer/c:1",
        "arn:aws:kinesis:eu:123456789012:stream/ümlaut",
        "arn:aws:kinesis:eu:123456789012:stream/" + String(repeating: "n", count: 129),
        "arn:aws:kinesis:" + String(repeating: "r", count: 33) + ":123456789012:stream/orders",
        "arn:aws:kinesis:a:123456789012:b:123456789012:stream/orders",
    ])
    func `what follows the pattern may still be no ARN of a stream`(text: String) {
        #expect(isStreamARN(text))
        #expect(StreamARN(text) == nil)
    }

    @Test(arguments: [
        "", "/consumer/c", "/consumer/c:", "/consumer/:1", "/consumer/c:1x", "/consumer/c:1 ",
        "/consumers/c:1", "/consumer/c/d:1", "/consumer/ü:1", "x/y/consumer/c:1",
    ])
    func `what breaks the pattern is no ARN of a consumer`(suffix: String) {
        #expect(!isConsumerARN(Self.stream + suffix))
        #expect(ConsumerARN(Self.stream + suffix) == nil)
    }

    @Test(arguments: [
        "arn:aws:kinesis:eu:123456789012:stream/a/consumer/c:01",
        "arn:aws:kinesis:eu:123456789012:stream/a/consumer/c:99999999999999999999",
        "arn:aws:kinesis:eu:123456789012:xstream/a/consumer/c:1",
        "arn:aws:kinesis:EU:123456789012:stream/a/consumer/c:1",
    ])
    func `what follows the pattern may still be no ARN of a consumer`(text: String) {
        #expect(isConsumerARN(text))
        #expect(ConsumerARN(text) == nil)
    }

    @Test func `an ARN has at most 2048 bytes`() {
        let prefix = "arn:aws:kinesis:eu:123456789012:stream/"
        #expect(isStreamARN(prefix + String(repeating: "n", count: 2048 - prefix.utf8.count)))
        #expect(!isStreamARN(prefix + String(repeating: "n", count: 2049 - prefix.utf8.count)))
    }

    @Test func `an ARN cut anywhere is none, and no change makes reading fail`() {
        let seed = UInt64.random(in: .min ... .max)
        var generator = SeededGenerator(seed: seed)
        let whole = Array((Self.stream + "/consumer/app:1548118962").utf8)
        for cut in 0..<Self.stream.utf8.count - "orders".utf8.count + 1 {
            #expect(StreamARN(String(decoding: whole[..<cut], as: UTF8.self)) == nil)
        }
        for _ in 0..<rounds(2000) {
            var changed = whole
            changed[Int.random(in: changed.indices, using: &generator)] =
                UInt8.random(in: 0...127, using: &generator)
            let text = String(decoding: changed, as: UTF8.self)
            if let arn = ConsumerARN(text) {
                #expect(arn.description == text && isConsumerARN(text), "seed \(seed)")
            }
            if let arn = StreamARN(text) {
                #expect(arn.description == text && isStreamARN(text), "seed \(seed)")
            }
        }
    }
}
