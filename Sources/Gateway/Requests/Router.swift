import Catalog
import HTTP
import Kinesis
import Reactor
import ShardLog
import Wire

/// Stage 4 of a record's life: a complete request becomes an operation, is decoded and validated,
/// and goes to the function of its name.
extension ReactorGateway {
    func route(_ request: Request) {
        let head = request.exchange.head
        if head.method == .get, let page = statusPage(head.path) { return answer(request, page) }
        if head.method == .options, head.field(.origin) != nil { return answerPreflight(request) }
        if request.bodyCount > Limits.inlineBytes {
            return routeInPool(request, request.takePieces())
        }
        let body = request.takeBody()
        switch FrontDoor.decide(
            isPost: head.method == .post, contentType: head.field(.contentType),
            target: head.field(.amzTarget), body: body.span)
        {
        case .refusal(let refusal): request.refuse(refusal)
        case .operation(let operation, let encoding):
            request.operation = operation
            request.encoding = encoding
            perform(request, body)
        }
    }

    /// Runs the operation; a refusal at any point is the answer.
    private func perform(_ request: Request, _ body: [UInt8]) {
        do throws(ServiceError) {
            guard let faults = node.faults else { return try dispatch(request, body) }
            let subject = RequestSubject(body, request.encoding, key: node.tokenKey)
            try perform(request, faults, about: subject) { () throws(ServiceError) in
                try self.dispatch(request, body)
            }
        } catch {
            request.fail(error)
        }
    }

    private func dispatch(_ request: Request, _ body: [UInt8]) throws(ServiceError) {
        guard let operation = request.operation else { return }
        let encoding = request.encoding
        try checkCallRate(operation, request)
        switch operation {
        case .putRecord, .putRecords:
            do throws(ServiceError) {
                let isSingle = operation == .putRecord
                try put(
                    request,
                    isSingle
                        ? .single(PutRecord.decode(body, encoding, atOnce: true))
                        : .batch(PutRecords.decode(body, encoding, atOnce: true)))
            } catch {
                guard error == .tooManyValues else { throw error }
                routeInPool(request, BodyPieces([body]))
            }
        case .getRecords: try getRecords(request, GetRecords.decode(body, encoding))
        case .getShardIterator:
            try getShardIterator(request, GetShardIterator.decode(body, encoding))
        case .subscribeToShard: try subscribe(request, SubscribeToShard.decode(body, encoding))
        case .createStream: try createStream(request, CreateStream.decode(body, encoding))
        case .deleteStream: try deleteStream(request, DeleteStream.decode(body, encoding))
        case .splitShard: try splitShard(request, SplitShard.decode(body, encoding))
        case .mergeShards: try mergeShards(request, MergeShards.decode(body, encoding))
        case .registerStreamConsumer:
            try registerConsumer(request, RegisterStreamConsumer.decode(body, encoding))
        case .deregisterStreamConsumer:
            try deregisterConsumer(request, DeregisterStreamConsumer.decode(body, encoding))
        case .commitCursor: try commitCursor(request, CommitCursor.decode(body, encoding))
        case .describeStream: try describeStream(request, DescribeStream.decode(body, encoding))
        case .describeStreamSummary:
            try describeStreamSummary(request, DescribeStreamSummary.decode(body, encoding))
        case .describeStreamConsumer:
            try describeConsumer(request, DescribeStreamConsumer.decode(body, encoding))
        case .listStreams: try listStreams(request, ListStreams.decode(body, encoding))
        case .listShards: try listShards(request, ListShards.decode(body, encoding))
        case .listStreamConsumers:
            try listConsumers(request, ListStreamConsumers.decode(body, encoding))
        case .listCursors: try listCursors(request, ListCursors.decode(body, encoding))
        case .injectFault: try injectFault(request, InjectFault.decode(body, encoding))
        case .listFaults: try listFaults(request, ListFaults.decode(body, encoding))
        case .clearFaults: try clearFaults(request, ClearFaults.decode(body, encoding))
        default: try dispatchSetting(operation, request, body)
        }
    }

    /// Operations that set what streams, consumers and accounts are, or show it.
    private func dispatchSetting(
        _ operation: Operation, _ request: Request, _ body: [UInt8]
    ) throws(ServiceError) {
        let encoding = request.encoding
        switch operation {
        case .addTagsToStream: try addTagsToStream(request, AddTagsToStream.decode(body, encoding))
        case .removeTagsFromStream:
            try removeTagsFromStream(request, RemoveTagsFromStream.decode(body, encoding))
        case .listTagsForStream:
            try listTagsForStream(request, ListTagsForStream.decode(body, encoding))
        case .tagResource: try tagResource(request, TagResource.decode(body, encoding))
        case .untagResource: try untagResource(request, UntagResource.decode(body, encoding))
        case .listTagsForResource:
            try listTagsForResource(request, ListTagsForResource.decode(body, encoding))
        case .increaseStreamRetentionPeriod:
            try increaseRetention(request, IncreaseStreamRetentionPeriod.decode(body, encoding))
        case .decreaseStreamRetentionPeriod:
            try decreaseRetention(request, DecreaseStreamRetentionPeriod.decode(body, encoding))
        case .updateShardCount:
            try updateShardCount(request, UpdateShardCount.decode(body, encoding))
        case .updateStreamMode:
            try updateStreamMode(request, UpdateStreamMode.decode(body, encoding))
        case .updateStreamWarmThroughput:
            try updateWarmThroughput(request, UpdateStreamWarmThroughput.decode(body, encoding))
        case .updateMaxRecordSize:
            try updateMaxRecordSize(request, UpdateMaxRecordSize.decode(body, encoding))
        case .updateStreamRecordDistributionStrategy:
            try updateDistribution(
                request, UpdateStreamRecordDistributionStrategy.decode(body, encoding))
        case .enableEnhancedMonitoring:
            try enableMonitoring(request, EnableEnhancedMonitoring.decode(body, encoding))
        case .disableEnhancedMonitoring:
            try disableMonitoring(request, DisableEnhancedMonitoring.decode(body, encoding))
        case .describeLimits: try describeLimits(request, DescribeLimits.decode(body, encoding))
        case .describeAccountSettings:
            try describeAccountSettings(request, DescribeAccountSettings.decode(body, encoding))
        case .updateAccountSettings:
            try updateAccountSettings(request, UpdateAccountSettings.decode(body, encoding))
        case .startStreamEncryption:
            try startEncryption(request, StartStreamEncryption.decode(body, encoding))
        case .stopStreamEncryption:
            try stopEncryption(request, StopStreamEncryption.decode(body, encoding))
        case .putResourcePolicy:
            try putResourcePolicy(request, PutResourcePolicy.decode(body, encoding))
        case .getResourcePolicy:
            try getResourcePolicy(request, GetResourcePolicy.decode(body, encoding))
        case .deleteResourcePolicy:
            try deleteResourcePolicy(request, DeleteResourcePolicy.decode(body, encoding))
        default: preconditionFailure("an operation has no handler")
        }
    }

    /// A large body, or one of many values, is looked at elsewhere; only puts have a reason to be so.
    private func routeInPool(_ request: Request, _ pieces: BodyPieces) {
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
                let decision = FrontDoor.decide(
                    isPost: isPost, contentType: contentType?.span, target: target?.span,
                    body: body.span)
                return .decoded(LargeRequest(decision, body, preparation))
            }
        } catch {
            request.letGo()
            request.fail(error)
        }
    }

    func perform(_ request: Request, _ large: LargeRequest) {
        do throws(ServiceError) {
            switch large.content {
            case .refusal(let refusal): request.refuse(refusal)
            case .put(let operation, let encoding, let content):
                request.operation = operation
                request.encoding = encoding
                let prepared = large.prepared
                guard let faults = node.faults, let name = content.streamName else {
                    return try put(request, content, prepared)
                }
                let subject = RequestSubject(streamName: name)
                try perform(request, faults, about: subject) { () throws(ServiceError) in
                    try self.put(request, content, prepared)
                }
            }
        } catch {
            request.fail(error)
        }
    }

    private func put(
        _ request: Request, _ content: LargeRequest.Put, _ prepared: PreparedPut? = nil
    ) throws(ServiceError) {
        switch content {
        case .single(let input): try putRecord(request, input, prepared)
        case .batch(let input): try putRecords(request, input, prepared)
        case .refused(let error): throw error
        }
    }

    // MARK: Pages of ours

    private func statusPage(_ path: Span<UInt8>) -> StatusPage? {
        if path.equals("/health") { return .health }
        if path.equals("/metrics") { return .metrics }
        return nil
    }

    private func answer(_ request: Request, _ page: StatusPage) {
        switch page {
        case .health: request.answer(node.statusPage(node, .health))
        case .metrics:
            // Those of ten thousand shards take longer than a turn may.
            do throws(ServiceError) {
                try request.run(.pages, .page(request)) { [node] _, _ in
                    .page(node.statusPage(node, .metrics))
                }
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

/// What the blocking pool made of a large request.
struct LargeRequest: Sendable {
    enum Content: Sendable {
        case refusal(FrontDoor.Refusal)
        case put(Operation, Encoding, Put)
    }

    enum Put: Sendable {
        case single(PutRecord.Input)
        case batch(PutRecords.Input)
        case refused(ServiceError)

        var streamName: String? {
            switch self {
            case .single(let input): input.stream.name
            case .batch(let input): input.stream.name
            case .refused: nil
            }
        }
    }

    let content: Content
    /// Its records as the log wants them, if the stream takes records and there is time.
    let prepared: PreparedPut?

    init(
        _ decision: FrontDoor.Decision, _ body: [UInt8], _ preparation: PutPreparation? = nil
    ) {
        switch decision {
        case .refusal(let refusal):
            content = .refusal(refusal)
            prepared = nil
        case .operation(let operation, let encoding):
            let put = Self.decode(operation, encoding, body)
            content = .put(operation, encoding, put)
            prepared = preparation?.prepare(put)
        }
    }

    private static func decode(
        _ operation: Operation, _ encoding: Encoding, _ body: [UInt8]
    ) -> Put {
        do throws(ServiceError) {
            switch operation {
            case .putRecords: return .batch(try PutRecords.decode(body, encoding))
            case .putRecord: return .single(try PutRecord.decode(body, encoding))
            default:
                throw ServiceError(
                    .serialization, "The request is too large for \(operation.name).")
            }
        } catch {
            return .refused(error)
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
