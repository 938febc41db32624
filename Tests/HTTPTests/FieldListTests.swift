import HTTP
import Testing

@Suite struct FieldListTests {
    @Test func `fields come back as they were appended`() {
        var list = FieldList()
        list.append("content-type", "text/plain")
        list.append("date", String("today"), varies: true)
        let value = Array("v".utf8)
        list.append("x-span", value.span)
        let name = Array("x-name".utf8)
        let empty: [UInt8] = []
        list.append(name: name.span, value: empty.span)
        var all: [String] = []
        list.forEach { all.append("\(text($0))=\(text($1))") }
        #expect(all == ["content-type=text/plain", "date=today", "x-span=v", "x-name="])
        #expect(list.count == 4)
        #expect(list.first("date") == Array("today".utf8))
        #expect(list.first("none") == nil)
    }

    @Test func `line ends and NUL in a value become spaces`() {
        var list = FieldList()
        list.append("x", String("a\r\nset-cookie: b\0\t"))
        #expect(list.first("x") == Array("a  set-cookie: b \t".utf8))
    }

    @Test func `a list goes back to its mark`() {
        var list = FieldList()
        list.append("a", "1")
        let mark = list.mark
        for i in 0..<100 {
            list.append("b", String(i))
            #expect(list.count == 2)
            #expect(list.first("b") == Array(String(i).utf8))
            list.truncate(to: mark)
        }
        #expect(list.count == 1)
        #expect(list.first("b") == nil)
    }

    @Test func `long values keep their length`() {
        var list = FieldList()
        let long = [UInt8](repeating: 0x61, count: 65_535)
        list.append("x", long.span)
        list.append("y", "1")
        #expect(list.first("x") == long)
        #expect(list.first("y") == Array("1".utf8))
    }
}

@Suite struct PlainHTTPTests {
    @Test func `plain requests are told from TLS and the answer is a whole response`() {
        for (bytes, isPlain) in [
            (Array("GET / HTTP/1.1".utf8), true), (Array("P".utf8), true), ([0x16, 3, 1], false),
            ([], false),
        ] {
            let begins = PlainHTTP.begins(bytes.span)
            #expect(begins == isPlain)
        }
        let answer = String(decoding: PlainHTTP.answer(HTTPContext()), as: UTF8.self)
        let parts = answer.split(separator: "\r\n\r\n", omittingEmptySubsequences: false)
        #expect(parts.count == 2)
        #expect(parts[0].hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
        #expect(parts[0].contains("content-length: \(parts[1].utf8.count)\r\n"))
        #expect(!answer.contains("\n\n"))
    }
}
