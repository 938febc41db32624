import HTTP
import Testing

@Suite struct ProtocolDetectorTests {
    @Test func `the preface is recognised by its first line and undecided before`() {
        let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
        for length in 0...preface.count {
            let verdict = ProtocolDetector.detect(Array(preface[..<length]).span)
            #expect(verdict == (length < 14 ? .needMore : .http2))
        }
    }

    @Test func `anything else is HTTP/1.1`() {
        #expect(ProtocolDetector.detect(Array("POST / HTTP/1.1\r\n".utf8).span) == .http1)
        #expect(ProtocolDetector.detect(Array("PRI * HTTP/1".utf8).span) == .http1)
    }
}
