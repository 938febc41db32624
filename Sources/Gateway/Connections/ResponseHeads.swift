import HTTP
import Kinesis
import System

/// Makes the heads of one reactor's answers: each has a request id and the date.
///
/// What stays the same for a connection or a second is left to the peer's header table, which saves
/// its coding each time (RFC 7541 §6.1).
final class ResponseHeads {
    private var ids = ResponseIDs()
    private let date = HTTPDate()
    /// The fields of every answer to a browser.
    private static let crossOriginFields = CrossOrigin.fields

    /// The head of an answer to a request.
    func make(status: Int, contentType: String, for request: Request) -> ResponseHead {
        let requestID = ResponseIDs.requestID(ids.next(), ids.next())
        var head = ResponseHead(status: status)
        head.fields.append("x-amzn-requestid", requestID.span, varies: true)
        let hostID = request.connection.hostID
        head.fields.append("x-amz-id-2", hostID.span)
        head.fields.append("content-type", contentType)
        let now = date.bytes(milliseconds: WallClock.milliseconds)
        head.fields.append("date", now.span)
        if request.exchange.head.field(.origin) != nil {
            append(Self.crossOriginFields, to: &head)
        }
        return head
    }

    /// The head of the answer to a browser's preflight, which has no `x-amz-id-2`.
    func makePreflight(_ fields: [CrossOrigin.Field]) -> ResponseHead {
        var head = ResponseHead(status: 200)
        complete(&head)
        append(Self.crossOriginFields, to: &head)
        append(fields, to: &head)
        return head
    }

    /// Adds what every answer has, also one that no request of ours is behind.
    func complete(_ head: inout ResponseHead) {
        let requestID = ResponseIDs.requestID(ids.next(), ids.next())
        head.fields.append("x-amzn-requestid", requestID.span, varies: true)
        let now = date.bytes(milliseconds: WallClock.milliseconds)
        head.fields.append("date", now.span, varies: true)
    }

    /// A new connection's `x-amz-id-2`.
    func makeHostID() -> [UInt8] {
        var ids = self.ids
        defer { self.ids = ids }
        return ids.makeHostID()
    }

    private func append(_ fields: [CrossOrigin.Field], to head: inout ResponseHead) {
        for field in fields {
            head.fields.append(name: field.name.utf8.span, value: field.value.utf8.span)
        }
    }
}
