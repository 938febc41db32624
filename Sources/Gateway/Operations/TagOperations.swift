import Access
import Catalog
import Kinesis

/// Tags of streams and consumers. The two families of operations share one store: what TagResource
/// puts on a stream, ListTagsForStream shows.
extension ReactorGateway {
    func addTagsToStream(
        _ request: Request, _ input: AddTagsToStream.Input
    ) throws(ServiceError) {
        try tag(request, try request.stream(input.stream), input.tags)
    }

    func removeTagsFromStream(
        _ request: Request, _ input: RemoveTagsFromStream.Input
    ) throws(ServiceError) {
        try untag(request, try request.stream(input.stream), input.keys)
    }

    func listTagsForStream(
        _ request: Request, _ input: ListTagsForStream.Input
    ) throws(ServiceError) {
        let stream = try request.stream(input.stream)
        let rest = stream.tags.filter { tag in
            input.exclusiveStartKey.map {
                $0.utf8.lexicographicallyPrecedes(tag.key.utf8)
            } ?? true
        }
        request.succeed(
            ListTagsForStream.Output(
                tags: Array(rest.prefix(input.limit)), hasMoreTags: rest.count > input.limit
            ).encoded(request.encoding))
    }

    func tagResource(_ request: Request, _ input: TagResource.Input) throws(ServiceError) {
        switch try request.resource(input.resource) {
        case .stream(let stream): try tag(request, stream, input.tags)
        case .consumer(let consumer, let stream):
            try checkLegal(input.tags, of: stream.key)
            try submit(request, consumer.change(.tag(input.tags), in: stream))
        }
    }

    func untagResource(_ request: Request, _ input: UntagResource.Input) throws(ServiceError) {
        switch try request.resource(input.resource) {
        case .stream(let stream): try untag(request, stream, input.keys)
        case .consumer(let consumer, let stream):
            try checkLegal(input.keys, stream)
            try submit(request, consumer.change(.untag(input.keys), in: stream))
        }
    }

    func listTagsForResource(
        _ request: Request, _ input: ListTagsForResource.Input
    ) throws(ServiceError) {
        let tags =
            switch try request.resource(input.resource) {
            case .stream(let stream): stream.tags
            case .consumer(let consumer, _): consumer.tags
            }
        request.succeed(ListTagsForResource.Output(tags: tags).encoded(request.encoding))
    }

    private func tag(
        _ request: Request, _ stream: StreamState, _ tags: [ResourceTag]
    ) throws(ServiceError) {
        try checkLegal(tags, of: stream.key)
        try submit(request, .updateStream(stream.key, .tag(tags)))
    }

    private func untag(
        _ request: Request, _ stream: StreamState, _ keys: [String]
    ) throws(ServiceError) {
        try checkLegal(keys, stream)
        try submit(request, .updateStream(stream.key, .untag(keys)))
    }

    /// Refuses tags that could not be removed again.
    func checkLegal(_ tags: [ResourceTag], of stream: StreamKey) throws(ServiceError) {
        if tags.haveIllegalCharacters {
            throw .tagsIllegal(stream: stream.name, account: stream.account)
        }
    }

    private func checkLegal(_ keys: [String], _ stream: StreamState) throws(ServiceError) {
        if keys.haveIllegalCharacters {
            throw .tagKeysIllegal(stream: stream.name, account: stream.account)
        }
    }
}

extension ConsumerState {
    /// The change of what this consumer is set to.
    func change(_ update: ConsumerUpdate, in stream: StreamState) -> CatalogChange {
        .updateConsumer(stream.key, name: name, createdSecond: createdSecond, update)
    }
}
