import Access
import Catalog
import Kinesis

/// Resource policies of streams and consumers, which let other accounts in; see `Request.authorize`.
extension ReactorGateway {
    func putResourcePolicy(
        _ request: Request, _ input: PutResourcePolicy.Input
    ) throws(ServiceError) {
        let resource = try request.resource(input.resource)
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
            try submit(request, .updateStream(stream.key, .policy(input.policy)))
        case .consumer(let consumer, let stream):
            try submit(request, consumer.change(.policy(input.policy), in: stream))
        }
    }

    func getResourcePolicy(
        _ request: Request, _ input: GetResourcePolicy.Input
    ) throws(ServiceError) {
        let policy =
            switch try request.resource(input.resource) {
            case .stream(let stream): stream.policy
            case .consumer(let consumer, _): consumer.policy
            }
        request.succeed(GetResourcePolicy.Output(policy: policy).encoded(request.encoding))
    }

    func deleteResourcePolicy(
        _ request: Request, _ input: DeleteResourcePolicy.Input
    ) throws(ServiceError) {
        switch try request.resource(input.resource) {
        case .stream(let stream):
            try submit(request, .updateStream(stream.key, .deletePolicy))
        case .consumer(let consumer, let stream):
            try submit(request, consumer.change(.deletePolicy, in: stream))
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
