import Access
import Catalog
import Kinesis

/// What somebody wants to do, as policies call it.
enum Action {
    case operation(Operation)
    /// To read a page of ours: the route's word for it.
    case page(String)

    var name: String {
        switch self {
        case .operation(let operation): operation.action
        case .page(let name): name
        }
    }
}

/// Says whether a caller may do something with a resource. Each reactor has its own, for the
/// policies that it has read; it is asked once for each request.
final class Authorizer {
    private let policies = PolicyCache()

    /// Refuses what neither the ownership of a resource nor its policy lets the caller do.
    ///
    /// A refusal repeats how the request named the resource and nothing else, so that it is the same
    /// whether there is such a thing or not.
    func authorize(
        _ caller: Caller, _ action: Action, on resource: Resource
    ) throws(ServiceError) {
        switch resource {
        case .account, .page: return
        case .absent(let account, let name):
            if account != caller.account { throw refusal(caller, action, name) }
        case .stream(let stream, let arn):
            if stream.account == caller.account, stream.policy == nil { return }
            let known = stream.arn.description
            guard
                allows(
                    stream.policy, .stream, on: known, of: stream.account, caller, action)
            else { throw refusal(caller, action, arn?.description ?? known) }
        case .consumer(let consumer, let stream, let selector):
            if stream.account == caller.account, consumer.policy == nil { return }
            guard
                allows(
                    consumer.policy, .consumer, on: consumer.arn.description, of: stream.account,
                    caller, action)
            else { throw refusal(caller, action, selector.text) }
        }
    }

    private func allows(
        _ policy: String?, _ kind: ResourcePolicy.Kind, on arn: String, of owner: String,
        _ caller: Caller, _ action: Action
    ) -> Bool {
        let verdict = policy.map {
            policies.policy($0).verdict(
                account: caller.account, action: action.name, resource: arn, kind: kind)
        }
        switch verdict {
        case .allowed: return true
        case .denied: return false
        case .silent, nil: return owner == caller.account
        }
    }

    private func refusal(_ caller: Caller, _ action: Action, _ name: String) -> ServiceError {
        .otherAccount(action.name, arn: name, account: caller.account)
    }
}
