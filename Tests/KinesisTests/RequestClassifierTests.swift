import Kinesis
import Testing
import Wire

private let json = "application/x-amz-json-1.1"
private let cbor = "application/x-amz-cbor-1.1"
private let known = "Kinesis_20131202.ListStreams"

private func decide(
    _ target: String?, _ body: [UInt8], _ type: String?, isPost: Bool = true
) -> RequestClassifier.Classification {
    // A span cannot leave the scope of its array, so that each case has its own call.
    let targetBytes = Array((target ?? "").utf8)
    let typeBytes = Array((type ?? "").utf8)
    switch (target, type) {
    case (nil, nil):
        return RequestClassifier.classify(
            isPost: isPost, contentType: nil, target: nil, body: body.span)
    case (nil, _):
        return RequestClassifier.classify(
            isPost: isPost, contentType: typeBytes.span, target: nil, body: body.span)
    case (_, nil):
        return RequestClassifier.classify(
            isPost: isPost, contentType: nil, target: targetBytes.span, body: body.span)
    default:
        return RequestClassifier.classify(
            isPost: isPost, contentType: typeBytes.span, target: targetBytes.span, body: body.span)
    }
}

private func refused(_ status: Int, _ type: String, _ body: String)
    -> RequestClassifier.Classification
{
    .refusal(RequestClassifier.Refusal(status: status, contentType: type, body: Array(body.utf8)))
}

private let denied = refused(
    403, "application/xml",
    "<AccessDeniedException>\n  <Message>Unable to determine service/operation name to be "
        + "authorized</Message>\n</AccessDeniedException>\n")
private let braces = Array("{}".utf8)

@Suite struct `The request classifier` {
    @Test func `what is not POST is denied, whatever else it says`() {
        for body in [[], braces] as [[UInt8]] {
            #expect(decide(known, body, json, isPost: false) == denied)
            #expect(decide(nil, body, nil, isPost: false) == denied)
        }
    }

    @Test(
        arguments: [
            (known, "SerializationException"),
            ("Kinesis_20131202.Nonsense", "UnknownOperationException"),
            (nil, "UnknownOperationException"), ("", "UnknownOperationException"),
        ] as [(String?, String)])
    func `an empty body is unreadable, in CBOR unless the type is JSON`(
        target: String?, code: String
    ) {
        #expect(decide(target, [], json) == refused(400, json, #"{"__type":"\#(code)"}"#))
        let body: [UInt8] =
            [0xA1, 0x66] + Array("__type".utf8)
            + (code.utf8.count < 24
                ? [0x60 + UInt8(code.utf8.count)] : [0x78, UInt8(code.utf8.count)])
            + Array(code.utf8)
        for type in [cbor, nil, "", "text/plain", "application/json"] {
            #expect(
                decide(target, [], type)
                    == .refusal(
                        RequestClassifier.Refusal(status: 400, contentType: cbor, body: body)))
        }
    }

    @Test(arguments: [
        nil, "text/plain", "application/x-amz-json-1.0", "application/X-amz-json-1.1", "",
    ])
    func `a type that is not understood`(type: String?) {
        for target in [nil, "", "ListStreams", ".", "Kinesis_20131202.", ".ListStreams"]
            as [String?]
        {
            #expect(decide(target, braces, type) == denied, "\(target ?? "nil")")
        }
        for target in [known, "Kinesis_20131202.Nonsense", "a.b"] {
            #expect(
                decide(target, braces, type)
                    == refused(404, "application/xml", "<UnknownOperationException/>\n"))
        }
    }

    @Test func `plain JSON gets the other envelope`() {
        for target in [known, nil, "x"] {
            #expect(
                decide(target, Array("{".utf8), "application/json")
                    == refused(
                        400, "application/json",
                        #"{"Output":{"__type":"com.amazon.coral.service#SerializationException"},"Version":"1.0"}"#
                    ))
            #expect(
                decide(target, braces, "application/json;charset=utf-8")
                    == refused(
                        404, "application/json",
                        #"{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1.0"}"#
                    ))
        }
    }

    @Test(
        arguments: [
            nil, "", "ListStreams", "Kinesis_20131202", "Kinesis_20131202.",
            "Kinesis_20131202.Nonsense",
            "Kinesis_20131202.liststreams", "kinesis_20131202.ListStreams",
            "DynamoDB_20120810.ListTables",
            "Kinesis_20131202.ListStreams.x", "Kinesis_20131202.ListStreams ",
            "Weir_20261122.ListStreams",
            "Kinesis_20131202.CommitCursor", "Weir_20261122.Nonsense",
            "Kinesis_20131202.CreateQueue",
            "Kinesis_20131202.CreateQueue",
        ] as [String?])
    func `an unknown target is told after the body was read`(target: String?) {
        #expect(
            decide(target, braces, json)
                == refused(400, json, #"{"__type":"UnknownOperationException"}"#))
        for body in ["{", "[]", "1", "{} {}", "\u{FEFF}{}"] {
            #expect(
                decide(target, Array(body.utf8), json)
                    == refused(400, json, #"{"__type":"SerializationException"}"#))
        }
        #expect(
            decide(target, [0xA0], cbor)
                == .refusal(RequestClassifier.refusal(.unknownOperation, .cbor)))
        #expect(
            decide(target, [0xA1], cbor)
                == .refusal(RequestClassifier.refusal(.unreadableBody, .cbor)))
    }

    @Test func `every operation is found by its target`() {
        #expect(Operation.allCases.count == 45)
        for operation in Operation.allCases {
            #expect(decide(operation.target, braces, json) == .operation(operation, .json))
            #expect(
                decide(operation.target, braces, " \(json)\t; charset=UTF-8")
                    == .operation(operation, .json))
            if operation != .kinesis(.subscribeToShard) {
                #expect(
                    decide(operation.target, [0xBF, 0xFF], cbor) == .operation(operation, .cbor))
            }
        }
        #expect(KinesisOperation.putRecord.target == "Kinesis_20131202.PutRecord")
        #expect(WeirOperation.commitCursor.target == "Weir_20261122.CommitCursor")
    }

    @Test func `a subscription in CBOR is refused in CBOR`() throws {
        let decision = decide(KinesisOperation.subscribeToShard.target, [0xBF, 0xFF], cbor)
        guard case .refusal(let refusal) = decision else {
            Issue.record("not refused")
            return
        }
        #expect(refusal.status == 400)
        #expect(refusal.contentType == cbor)
        #expect(
            refusal.body
                == ServiceError(
                    .serialization,
                    "SubscribeToShard is only available as application/x-amz-json-1.1."
                ).encoded(.cbor))
    }

    @Test func `cross-origin fields are those of AWS`() {
        let fields = CrossOrigin.fields.map { "\($0.name): \($0.value)" }
        #expect(
            fields == [
                "access-control-allow-origin: *",
                "access-control-expose-headers: "
                    + "x-amzn-RequestId,x-amzn-ErrorType,x-amz-request-id,x-amz-id-2,x-amzn-ErrorMessage,Date",
            ])
        let preflight = CrossOrigin.preflight(requestedHeaders: "a,b", requestedMethod: "POST")
        #expect(
            preflight.map { "\($0.name): \($0.value)" } == [
                "access-control-allow-headers: a,b", "access-control-allow-methods: POST",
                "access-control-max-age: 172800",
            ])
        #expect(CrossOrigin.preflight(requestedHeaders: nil, requestedMethod: nil).count == 1)
    }
}
