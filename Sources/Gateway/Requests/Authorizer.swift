import Access
import Catalog
import Kinesis

/// Says whether a caller may do something with a resource. Each reactor has its own, for the
/// policies that it has read; it is asked once for each request.
final class Authorizer {
    private let policies = PolicyCache()

    /// Refuses what neither the ownership of a resource nor its policy lets the caller do.
    ///
    /// A refusal repeats how the request named the resource and nothing else, so that it is the same
    /// whether there is such a thing or not.
    func authorize(
        _ caller: Caller, _ operation: Operation, on resource: Resource
    ) throws(ServiceError) {
        switch resource {
        case .account: return
        case .absent(let account, let name):
            if account != caller.account { throw refusal(caller, operation, name) }
        case .stream(let stream, let arn):
            if stream.account == caller.account, stream.policy == nil { return }
            let known = stream.arn.description
            guard
                allows(
                    stream.policy, .stream, on: known, of: stream.account, caller, operation)
            else { throw refusal(caller, operation, arn?.description ?? known) }
        case .consumer(let consumer, let stream, let selector):
            if stream.account == caller.account, consumer.policy == nil { return }
            guard
                allows(
                    consumer.policy, .consumer, on: consumer.arn.description, of: stream.account,
                    caller, operation)
            else { throw refusal(caller, operation, selector.text) }
        }
    }

    private func allows(
        _ policy: String?, _ kind: ResourcePolicy.Kind, on arn: String, of owner: String,
        _ caller: Caller, _ operation: Operation
    ) -> Bool {
        let verdict = policy.map {
            policies.policy($0).verdict(
                account: caller.account, action: operation.action, resource: arn, kind: kind)
        }
        switch verdict {
        case .allowed: return true
        case .denied: return false
        case .silent, nil: return owner == caller.account
        }
    }

    private func refusal(_ caller: Caller, _ operation: Operation, _ name: String) -> ServiceError {
        .otherAccount(operation.action, arn: name, account: caller.account)
    }
}
