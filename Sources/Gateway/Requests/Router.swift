import Catalog
import HTTP
import Kinesis
import Reactor
import ShardLog
import Wire

/// Stage 4 of a record's life: a complete request becomes an operation, and goes to the row of its
/// service's table.
extension ReactorGateway {
    func route(_ request: Request) {
        let head = request.exchange.head
        if let page = node.pages.route(head.method, head.path) { return answer(request, page) }
        if head.method == .options, head.field(.origin) != nil { return answerPreflight(request) }
        if request.bodyCount > Limits.inlineBytes {
            return decodeElsewhere(request, request.takePieces())
        }
        let body = request.takeBody()
        switch RequestClassifier.classify(
            isPost: head.method == .post, contentType: head.field(.contentType),
            target: head.field(.amzTarget), body: body.span)
        {
        case .refusal(let refusal): request.refuse(refusal)
        case .operation(let operation, let encoding):
            request.operation = operation
            request.encoding = encoding
            perform(request, operation, body)
        }
    }

    /// Runs the operation; a refusal at any point is the answer.
    private func perform(_ request: Request, _ operation: Operation, _ body: [UInt8]) {
        let context = OperationContext(request: request)
        do throws(ServiceError) {
            // Of many values it is not known yet what they are about; faults are asked when they
            // are decoded.
            guard let faults = node.faults,
                let subject = RequestSubject(body, request.encoding, key: node.tokenKey)
            else {
                try context.checkCallRate()
                return try operation.row.perform(context, body)
            }
            try faults.perform(request, about: subject) { () throws(ServiceError) in
                try context.checkCallRate()
                try operation.row.perform(context, body)
            }
        } catch {
            request.fail(error)
        }
    }

    /// A large body, or one of many values, is looked at on another thread.
    func decodeElsewhere(_ request: Request, _ pieces: BodyPieces) {
        let head = request.exchange.head
        let isPost = head.method == .post
        let contentType = bytes(of: .contentType, in: head)
        let target = bytes(of: .amzTarget, in: head)
        let preparation = PutPreparation(
            snapshot: snapshot, caller: request.caller, reader: index, turn: spreadRecords)
        request.hold()
        do throws(ServiceError) {
            try request.run(.processor, .decoded(request)) { _, _ in
                let body = pieces.join()
                let decision = RequestClassifier.classify(
                    isPost: isPost, contentType: contentType?.span, target: target?.span,
                    body: body.span)
                return .decoded(DecodedBody(decision, body, preparation))
            }
        } catch {
            request.letGo()
            request.fail(error)
        }
    }

    /// Goes on with a body that another thread has decoded.
    func perform(_ request: Request, _ decoded: DecodedBody) {
        do throws(ServiceError) {
            switch decoded {
            case .refusal(let refusal): request.refuse(refusal)
            case .call(let operation, let encoding, let result):
                request.operation = operation
                request.encoding = encoding
                let call = try result.get()
                let context = OperationContext(request: request)
                // Only puts are large, and there is no rate of their calls.
                guard let faults = node.faults else { return try call.perform(context) }
                let subject = RequestSubject(streamName: call.stream.name)
                try faults.perform(request, about: subject) { () throws(ServiceError) in
                    try call.perform(context)
                }
            }
        } catch {
            request.fail(error)
        }
    }

    // MARK: Pages of ours

    private func answer(_ request: Request, _ page: PageRoute) {
        do throws(ServiceError) {
            try request.authorize(.page(page.action), on: .page(page.path))
        } catch {
            return request.fail(error)
        }
        switch page.lane {
        case .inline: request.answer(page.render(node))
        case .pages:
            do throws(ServiceError) {
                try request.run(.pages, .page(request)) { [node] _, _ in .page(page.render(node)) }
            } catch {
                request.answer(.busy)
            }
        }
    }

    private func answerPreflight(_ request: Request) {
        let head = request.exchange.head
        let fields = CrossOrigin.preflight(
            requestedHeaders: text(of: .accessControlRequestHeaders, in: head),
            requestedMethod: text(of: .accessControlRequestMethod, in: head))
        request.answerPreflight(fields)
    }
}

private func text(of name: FieldName, in head: RequestHead) -> String? {
    guard let value = head.field(name) else { return nil }
    return String(decoding: value)
}

private func bytes(of name: FieldName, in head: RequestHead) -> [UInt8]? {
    guard let value = head.field(name) else { return nil }
    var copy: [UInt8] = []
    copy.append(copying: value)
    return copy
}

/// What another thread made of a large body.
enum DecodedBody: Sendable {
    case refusal(RequestClassifier.Refusal)
    /// Its records are as the log wants them, if the stream takes records and there is time.
    case call(Operation, Encoding, Result<OperationRow.DecodedCall, ServiceError>)

    init(
        _ decision: RequestClassifier.Classification, _ body: [UInt8], _ preparation: PutPreparation
    ) {
        switch decision {
        case .refusal(let refusal): self = .refusal(refusal)
        case .operation(let operation, let encoding):
            self = .call(operation, encoding, Self.decode(operation, encoding, body, preparation))
        }
    }

    private static func decode(
        _ operation: Operation, _ encoding: Encoding, _ body: [UInt8],
        _ preparation: PutPreparation
    ) -> Result<OperationRow.DecodedCall, ServiceError> {
        guard let large = operation.row.large else {
            return .failure(
                ServiceError(.serialization, "The request is too large for \(operation.name)."))
        }
        return Result { () throws(ServiceError) in
            try large.decode(body, encoding, preparation)
        }
    }
}

extension Span<UInt8> {
    /// Whether these bytes are the text's.
    func equals(_ text: String) -> Bool {
        guard count == text.utf8.count else { return false }
        var position = 0
        for byte in text.utf8 {
            if self[position] != byte { return false }
            position += 1
        }
        return true
    }
}

extension String {
    /// The text of bytes that should be UTF-8.
    init(decoding bytes: Span<UInt8>) {
        var copy: [UInt8] = []
        copy.append(copying: bytes)
        self = String(decoding: copy, as: UTF8.self)
    }
}
