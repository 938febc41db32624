import HTTP
import Testing

@Suite struct HTTP2SessionTests {
    @Test func `SETTINGS go out before the client has said anything`() {
        let pair = Pair()
        let first = produceOnce(pair.server)
        #expect(first.count > 9)
        #expect(first[3] == 4)
        #expect(pair.server.hasIncompleteHead)
    }

    @Test func `a request and its answer pass through`() {
        let pair = Pair()
        pair.handler.ended = { exchange, seen in
            var head = ResponseHead(status: 200)
            head.fields.append("content-type", "text/plain")
            head.fields.append("x-test", "yes")
            exchange.respond(head, body: seen.body)
        }
        let receiver = TestReceiver()
        var fields = FieldList()
        fields.append("content-type", "application/x-amz-json-1.1")
        fields.append("x-amz-target", "Kinesis_20131202.PutRecord")
        pair.submit(Array("hello".utf8), receiver, fields)
        pair.run()
        #expect(receiver.status == 200)
        #expect(receiver.body == Array("hello".utf8))
        #expect(receiver.fields["content-length"] == "5")
        #expect(receiver.fields["content-type"] == "text/plain")
        #expect(receiver.closed == [.complete])
        #expect(pair.handler.seen.count == 1)
        #expect(pair.handler.seen[0].method == "POST")
        #expect(pair.handler.seen[0].authority == "localhost:4567")
        #expect(pair.handler.seen[0].closed == [.complete])
        #expect(pair.server.openExchanges == 0)
        #expect(!pair.server.hasIncompleteHead)
        #expect(!pair.server.isFinished)
    }
}
