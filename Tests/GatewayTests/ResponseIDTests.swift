import Testing

@testable import Gateway

struct ResponseIDTests {
    @Test func `request ids are version 4 UUIDs in lower case and differ`() {
        var ids = ResponseIDs()
        var seen: Set<[UInt8]> = []
        for _ in 0..<1000 {
            let id = ResponseIDs.requestID(ids.next(), ids.next())
            let bytes = id.indices.map { id[$0] }
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(
                text.wholeMatch(
                    of: /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/)
                    != nil)
            seen.insert(bytes)
        }
        #expect(seen.count == 1000)
    }

    @Test func `host ids are 96 characters of base64 and differ`() {
        var ids = ResponseIDs()
        var seen: Set<[UInt8]> = []
        for _ in 0..<1000 {
            let id = ids.makeHostID()
            #expect(String(decoding: id, as: UTF8.self).wholeMatch(of: /[A-Za-z0-9+\/]{96}/) != nil)
            seen.insert(id)
        }
        #expect(seen.count == 1000)
    }
}
