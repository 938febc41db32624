import Catalog
import Kinesis

/// Tags of streams and consumers. The two families of operations share one store: what TagResource
/// puts on a stream, ListTagsForStream shows.
enum TagOperations {
    static func addTagsToStream(
        _ context: OperationContext, _ stream: StreamState, _ input: AddTagsToStream.Input
    ) throws(ServiceError) {
        try tag(stream, input.tags, context)
    }

    static func removeTagsFromStream(
        _ context: OperationContext, _ stream: StreamState, _ input: RemoveTagsFromStream.Input
    ) throws(ServiceError) {
        try input.keys.checkCharacters()
        try untag(stream, input.keys, context)
    }

    static func listTagsForStream(
        _ context: OperationContext, _ stream: StreamState, _ input: ListTagsForStream.Input
    ) {
        let rest = stream.tags.filter { tag in
            input.exclusiveStartKey.map {
                $0.utf8.lexicographicallyPrecedes(tag.key.utf8)
            } ?? true
        }
        context.succeed(
            ListTagsForStream.Output(
                tags: Array(rest.prefix(input.limit)), hasMoreTags: rest.count > input.limit
            ).encoded(context.encoding))
    }

    static func tagResource(
        _ context: OperationContext, _ resource: TaggedResource, _ input: TagResource.Input
    ) throws(ServiceError) {
        switch resource {
        case .stream(let stream): try tag(stream, input.tags, context)
        case .consumer(let found):
            try input.tags.checkLegal(for: found.stream.key)
            try context.submit(found.change(.tag(input.tags)))
        }
    }

    static func untagResource(
        _ context: OperationContext, _ resource: TaggedResource, _ input: UntagResource.Input
    ) throws(ServiceError) {
        switch resource {
        case .stream(let stream): try untag(stream, input.keys, context)
        case .consumer(let found):
            try checkLegal(input.keys, found.stream)
            try context.submit(found.change(.untag(input.keys)))
        }
    }

    static func listTagsForResource(
        _ context: OperationContext, _ resource: TaggedResource,
        _ input: ListTagsForResource.Input
    ) {
        let tags =
            switch resource {
            case .stream(let stream): stream.tags
            case .consumer(let found): found.consumer.tags
            }
        context.succeed(ListTagsForResource.Output(tags: tags).encoded(context.encoding))
    }

    private static func tag(
        _ stream: StreamState, _ tags: [ResourceTag], _ context: OperationContext
    ) throws(ServiceError) {
        try tags.checkLegal(for: stream.key)
        try context.submit(.updateStream(stream.key, .tag(tags)))
    }

    private static func untag(
        _ stream: StreamState, _ keys: [String], _ context: OperationContext
    ) throws(ServiceError) {
        try checkLegal(keys, stream)
        try context.submit(.updateStream(stream.key, .untag(keys)))
    }

    private static func checkLegal(
        _ keys: [String], _ stream: StreamState
    ) throws(ServiceError) {
        if keys.haveIllegalCharacters {
            throw .tagKeysIllegal(stream: stream.name, account: stream.account)
        }
    }
}

extension [ResourceTag] {
    /// Refuses tags that could not be removed again.
    func checkLegal(for stream: StreamKey) throws(ServiceError) {
        if haveIllegalCharacters {
            throw .tagsIllegal(stream: stream.name, account: stream.account)
        }
    }
}

extension ConsumerOfStream {
    /// The change of what this consumer is set to.
    func change(_ update: ConsumerUpdate) -> CatalogChange {
        .updateConsumer(
            stream.key, name: consumer.name, createdSecond: consumer.createdSecond, update)
    }
}
