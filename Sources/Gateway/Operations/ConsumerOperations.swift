import Catalog
import Kinesis

/// Operations on the consumers of a stream.
enum ConsumerOperations {
    static func registerStreamConsumer(
        _ context: OperationContext, _ stream: StreamState, _ input: RegisterStreamConsumer.Input
    ) throws(ServiceError) {
        let encoding = context.encoding
        let change = CatalogChange.registerConsumer(
            stream.key, name: input.consumerName, tags: input.tags)
        try input.tags.checkLegal(for: stream.key)
        try context.submit(
            change,
            answer: { result in
                guard case .consumerRegistered(let consumer) = result else { return [] }
                // The consumer can be used at once; AWS says CREATING here and clients expect it.
                return RegisterStreamConsumer.Output(
                    consumer: ListedConsumer(arn: consumer.arn, status: .creating)
                ).encoded(encoding)
            })
    }

    static func deregisterStreamConsumer(
        _ context: OperationContext, _ found: ConsumerOfStream,
        _ input: DeregisterStreamConsumer.Input
    ) throws(ServiceError) {
        try context.checkCallRate(.deregisterStreamConsumer, of: found.stream)
        try context.submit(
            .deregisterConsumer(
                found.stream.key, name: found.consumer.name,
                createdSecond: found.consumer.createdSecond))
    }

    static func describeStreamConsumer(
        _ context: OperationContext, _ found: ConsumerOfStream,
        _ input: DescribeStreamConsumer.Input
    ) throws(ServiceError) {
        try context.checkCallRate(.describeStreamConsumer, of: found.stream)
        context.succeed(
            DescribeStreamConsumer.Output(consumer: found.consumer.listed(in: found.stream))
                .encoded(context.encoding))
    }

    static func listStreamConsumers(
        _ context: OperationContext, _ stream: StreamState, _ input: ListStreamConsumers.Input
    ) throws(ServiceError) {
        try stream.check(created: input.createdMilliseconds)
        try context.checkCallRate(.listStreamConsumers, of: stream)
        var after: String?
        if let text = input.nextToken {
            let parts = try context.open(text, .consumers, parts: 2)
            guard parts[0] == "\(stream.id)" else { throw .invalidNextToken }
            after = parts[1]
        }
        let (limit, encoding, sealer) = (input.limit, context.encoding, context.sealer)
        try context.succeed(about: stream.consumers.count) { [after] in
            var consumers = stream.consumers.filter { consumer in
                after.map { $0 < consumer.name } ?? true
            }
            var token: String?
            if consumers.count > limit {
                consumers.removeLast(consumers.count - limit)
                token = consumers.last.map {
                    sealer.seal(["\(stream.id)", $0.name], .consumers)
                }
            }
            return ListStreamConsumers.Output(
                consumers: consumers.map { $0.listed(in: stream) }, nextToken: token
            ).encoded(encoding)
        }
    }
}

extension ConsumerState {
    /// What clients are told of a consumer, which is DELETING when its stream is.
    func listed(in stream: StreamState) -> ListedConsumer {
        ListedConsumer(arn: arn, status: stream.status == .deleting ? .deleting : status)
    }
}
