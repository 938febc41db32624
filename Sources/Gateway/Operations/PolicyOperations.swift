import Access
import Catalog
import Kinesis

/// Resource policies of streams and consumers, which let other accounts in; see `Authorizer`.
enum PolicyOperations {
    static func putResourcePolicy(
        _ context: OperationContext, _ resource: TaggedResource, _ input: PutResourcePolicy.Input
    ) throws(ServiceError) {
        // Before it is read, which takes a reactor's time.
        let bytes = input.policy.utf8.count
        guard bytes <= CatalogLimits.policyBytes else {
            throw .policyTooLong(bytes: bytes, limit: CatalogLimits.policyBytes)
        }
        do throws(ResourcePolicy.Fault) {
            try ResourcePolicy(input.policy).check(
                resource: input.resource.description, kind: input.resource.policyKind)
        } catch {
            throw .malformedPolicy(error.description)
        }
        switch resource {
        case .stream(let stream):
            try context.submit(.updateStream(stream.key, .policy(input.policy)))
        case .consumer(let found): try context.submit(found.change(.policy(input.policy)))
        }
    }

    static func getResourcePolicy(
        _ context: OperationContext, _ resource: TaggedResource, _ input: GetResourcePolicy.Input
    ) {
        let policy =
            switch resource {
            case .stream(let stream): stream.policy
            case .consumer(let found): found.consumer.policy
            }
        context.succeed(GetResourcePolicy.Output(policy: policy).encoded(context.encoding))
    }

    static func deleteResourcePolicy(
        _ context: OperationContext, _ resource: TaggedResource,
        _ input: DeleteResourcePolicy.Input
    ) throws(ServiceError) {
        switch resource {
        case .stream(let stream): try context.submit(.updateStream(stream.key, .deletePolicy))
        case .consumer(let found): try context.submit(found.change(.deletePolicy))
        }
    }
}

extension ResourceARN {
    /// Which actions a policy on this can speak of.
    fileprivate var policyKind: ResourcePolicy.Kind {
        switch self {
        case .stream: .stream
        case .consumer: .consumer
        }
    }
}
