import Access
import Catalog
import Kinesis

/// What a request touches, for whoever decides whether the caller may.
enum Resource {
    /// The caller's account: what lists, limits and faults are about.
    case account
    /// A stream, and the ARN by which the request named it, if it did.
    case stream(StreamState, ARN: StreamARN?)
    /// A consumer, its stream, and how the request named it.
    case consumer(ConsumerState, of: StreamState, as: ConsumerSelector)
    /// What is not there, or not yet: whose it would be, and how the request named it.
    case absent(account: String, name: String)
    /// A page of ours, by its path.
    case page(String)
}

/// What an operation is about, found before it is known whether the caller may know of it.
///
/// Of what is not there the resource is found all the same: whether others have a stream is nobody's
/// business, so that the refusal is the same.
struct Found<Subject> {
    let resource: Resource
    /// What the handler gets, or the answer to a caller who may know that it is not there.
    let subject: Result<Subject, ServiceError>

    init(_ resource: Resource, _ subject: Result<Subject, ServiceError>) {
        self.resource = resource
        self.subject = subject
    }
}

/// A consumer and its stream.
struct ConsumerOfStream {
    let stream: StreamState
    let consumer: ConsumerState
}

/// What a ResourceARN names.
enum TaggedResource {
    case stream(StreamState)
    case consumer(ConsumerOfStream)
}

/// What a request names something by.
protocol Findable {
    /// What a handler gets of it.
    associatedtype Subject

    func find(in context: OperationContext) throws(ServiceError) -> Found<Subject>
}

extension StreamSelector: Findable {
    func find(in context: OperationContext) throws(ServiceError) -> Found<StreamState> {
        try context.find(self)
    }
}

extension ConsumerSelector: Findable {
    func find(in context: OperationContext) throws(ServiceError) -> Found<ConsumerOfStream> {
        try context.find(self)
    }
}

extension ResourceARN: Findable {
    func find(in context: OperationContext) throws(ServiceError) -> Found<TaggedResource> {
        try context.find(self)
    }
}

extension OperationContext {
    /// Asks whether the caller may do this with what was found, and has the handler do it.
    @inline(__always)
    func perform<Subject>(
        on found: Found<Subject>,
        _ handler: (OperationContext, Subject) throws(ServiceError) -> Void
    ) throws(ServiceError) {
        try authorize(found.resource)
        try handler(self, found.subject.get())
    }

    /// The account, region and name that a selector means for this caller. An ARN of another region
    /// than the one that the request was signed for names nothing there.
    func key(of selector: StreamSelector) throws(ServiceError) -> StreamKey {
        guard let arn = selector.arn else { return key(named: selector.name) }
        try checkRegion(arn)
        return StreamKey(account: arn.account, region: arn.region, name: arn.name)
    }

    /// The stream of this name in the caller's account and region.
    func key(named name: String) -> StreamKey {
        StreamKey(account: caller.account, region: caller.region, name: name)
    }

    private func checkRegion(_ arn: StreamARN) throws(ServiceError) {
        guard arn.region == caller.region else {
            throw .otherRegion(arn: arn.description, region: caller.region)
        }
    }

    /// The stream that a request names.
    func find(_ selector: StreamSelector) throws(ServiceError) -> Found<StreamState> {
        let key = try key(of: selector)
        guard let stream = catalog.stream(key) else {
            return absent(selector, .streamNotFound(name: key.name, account: key.account))
        }
        return Found(.stream(stream, ARN: selector.arn), .success(stream))
    }

    /// A stream that a request names and that is not there. Under the caller's own account it is
    /// theirs.
    func absent<Subject>(
        _ selector: StreamSelector, _ error: ServiceError
    ) -> Found<Subject> {
        let (account, name) =
            selector.arn.map { ($0.account, $0.description) } ?? (caller.account, selector.name)
        return Found(.absent(account: account, name: name), .failure(error))
    }

    /// What a token of ours is about: the stream that it names, if the request asks where that is.
    func find<Subject>(
        _ subject: Subject, ofToken stream: StreamState
    ) throws(ServiceError) -> Found<Subject> {
        try checkRegion(stream.arn)
        return Found(.stream(stream, ARN: nil), .success(subject))
    }

    /// The consumer that a request names.
    func find(_ selector: ConsumerSelector) throws(ServiceError) -> Found<ConsumerOfStream> {
        let arn: StreamARN
        let name: String
        var createdSecond: UInt64?
        switch selector {
        case .arn(let consumer):
            (arn, name, createdSecond) = (consumer.stream, consumer.name, consumer.createdSecond)
        case .name(let stream, let consumer):
            (arn, name) = (stream, consumer)
        }
        let key = try key(of: StreamSelector(arn: arn))
        guard let stream = catalog.stream(key) else {
            return Found(
                .absent(account: arn.account, name: selector.text),
                .failure(.streamNotFound(name: key.name, account: key.account)))
        }
        guard let consumer = stream.consumer(named: name),
            createdSecond == nil || createdSecond == consumer.createdSecond
        else {
            return Found(
                .absent(account: arn.account, name: selector.text),
                .failure(.consumerNotFound(name: name, account: key.account)))
        }
        return Found(
            .consumer(consumer, of: stream, as: selector),
            .success(ConsumerOfStream(stream: stream, consumer: consumer)))
    }

    /// What a ResourceARN names.
    func find(_ arn: ResourceARN) throws(ServiceError) -> Found<TaggedResource> {
        switch arn {
        case .stream(let arn):
            let found = try find(StreamSelector(arn: arn))
            return Found(found.resource, found.subject.map(TaggedResource.stream))
        case .consumer(let arn):
            let found = try find(ConsumerSelector.arn(arn))
            return Found(found.resource, found.subject.map(TaggedResource.consumer))
        }
    }
}

extension ConsumerSelector {
    /// What the request says, which a refusal repeats.
    var text: String {
        switch self {
        case .arn(let consumer): consumer.description
        case .name(let stream, _): stream.description
        }
    }
}

extension StreamState {
    /// A shard to read from, by the lenient forms of its id.
    func shard(_ text: String) throws(ServiceError) -> ShardState {
        guard let id = ShardID(lenient: text) else {
            throw .shardNotFound(shardID: text, stream: name, account: account)
        }
        guard isMade, let shard = shards[id.index] else {
            throw .shardDoesNotExist(shardID: id.description, stream: name, account: account)
        }
        return shard
    }

    /// The id of a shard that a request names, which need not exist.
    func shardID(_ text: String) throws(ServiceError) -> ShardID {
        guard let id = ShardID(lenient: text) else {
            throw .shardNotFound(shardID: text, stream: name, account: account)
        }
        return id
    }

    /// Refuses what needs a stream that takes records: one in CREATING or DELETING answers as if it
    /// were not there.
    func checkWritable() throws(ServiceError) {
        guard status == .active || status == .updating else {
            throw .streamNotFound(name: name, account: account)
        }
    }

    /// Refuses what can only be done to an ACTIVE stream.
    func checkActive() throws(ServiceError) {
        guard status == .active else {
            throw .streamNotActive(name: name, account: account, status: status)
        }
    }
}
