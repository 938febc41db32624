import Access
import Catalog
import System
import Kinesis
import Reactor
import ShardLog
import Wire

/// Operations that list in pages. A page token carries where the next page begins and the filter
/// that the listing began with; it is authenticated and expires.
extension ReactorGateway {
    func listStreams(_ request: Request, _ input: ListStreams.Input) throws(ServiceError) {
        let after: String?
        switch input.start {
        case .beginning: after = nil
        case .after(let name): after = name
        case .token(let text): after = try open(text, .streams, parts: 1)[0]
        }
        let (limit, encoding, key, now) = (
            input.limit, request.encoding, node.tokenKey, presentMilliseconds
        )
        let (caller, snapshot) = (request.caller, snapshot)
        try answer(request, about: min(limit, snapshot.streamCount)) {
            var streams = snapshot.streams(
                account: caller.account, region: caller.region, after: after, limit: limit + 1)
            var token: String?
            if streams.count > limit {
                streams.removeLast()
                token = streams.last.map { sealed([$0.name], .streams, now: now, key) }
            }
            let summaries = streams.map {
                ListStreams.Summary(
                    arn: $0.arn, status: $0.status, mode: $0.mode, createdSecond: $0.createdSecond)
            }
            return ListStreams.Output(streams: summaries, nextToken: token).encoded(encoding)
        }
    }

    func listShards(_ request: Request, _ input: ListShards.Input) throws(ServiceError) {
        let stream: StreamState
        let filter: ListShards.Filter
        let after: UInt32?
        switch input.start {
        case .stream(let selector, let asked, let start, let created):
            stream = try request.stream(selector)
            try stream.check(created: created)
            filter = asked
            after = try start.map { (text) throws(ServiceError) in
                try request.startShard(text, of: stream)
            }
        case .token(let text, let arn):
            let parts = try open(text, .shards, parts: 3)
            guard let id = UInt64(parts[0]), let kept = ListShards.Filter(tokenPart: parts[1]),
                let index = UInt32(parts[2])
            else { throw .invalidNextToken }
            guard let found = snapshot.stream(id: id), arn == nil || arn == found.arn else {
                throw .invalidNextToken
            }
            try request.authorizeToken(of: found)
            (stream, filter, after) = (found, kept, index)
        }
        guard stream.status == .active || stream.status == .updating else {
            throw .streamNotActive(
                name: stream.name, account: stream.account, status: stream.status)
        }
        try checkCallRate(.listShards, of: stream)
        let latest = node.log.latestMilliseconds()
        if let time = filter.time, time > latest {
            throw .shardFilterInFuture(milliseconds: time, nowMilliseconds: latest)
        }
        let now = presentMilliseconds
        let cutoff = stream.cutoff(retentionClock)
        let (limit, encoding, key) = (input.limit, request.encoding, node.tokenKey)
        try answer(request, about: min(limit, stream.shards.count)) {
            var shards = stream.retainedShards(after: after, limit: limit + 1, cutoff: cutoff) {
                filter.includes(
                    $0, of: stream, horizon: max(cutoff, Int64(stream.createdSecond) * 1000))
            }
            var token: String?
            if shards.count > limit {
                shards.removeLast()
                token = shards.last.map {
                    sealed(
                        ["\(stream.id)", filter.tokenPart, "\($0.id.index)"], .shards, now: now, key
                    )
                }
            }
            return ListShards.Output(shards: shards.map(\.listed), nextToken: token)
                .encoded(encoding)
        }
    }

    /// Answers what may be about many shards: here when it is about few.
    func answer(
        _ request: Request, about count: Int, _ make: @escaping @Sendable () -> [UInt8]
    ) throws(ServiceError) {
        if count <= Limits.inlineShards { return request.succeed(make()) }
        try request.run(.processor, .answer(request)) { _, _ in .answer(.success(make())) }
    }

    func listConsumers(
        _ request: Request, _ input: ListStreamConsumers.Input
    ) throws(ServiceError) {
        let stream = try request.stream(StreamSelector(arn: input.stream))
        try stream.check(created: input.createdMilliseconds)
        try checkCallRate(.listStreamConsumers, of: stream)
        var after: String?
        if let text = input.nextToken {
            let parts = try open(text, .consumers, parts: 2)
            guard parts[0] == "\(stream.id)" else { throw .invalidNextToken }
            after = parts[1]
        }
        let (limit, encoding, key, now) = (
            input.limit, request.encoding, node.tokenKey, presentMilliseconds
        )
        try answer(request, about: stream.consumers.count) { [after] in
            var consumers = stream.consumers.filter { consumer in
                after.map { $0 < consumer.name } ?? true
            }
            var token: String?
            if consumers.count > limit {
                consumers.removeLast(consumers.count - limit)
                token = consumers.last.map {
                    sealed(["\(stream.id)", $0.name], .consumers, now: now, key)
                }
            }
            return ListStreamConsumers.Output(
                consumers: consumers.map { $0.listed(in: stream) }, nextToken: token
            ).encoded(encoding)
        }
    }

    // MARK: Tokens

    /// The token of a listing's next page. The parts hold names and numbers, no slashes.
    func seal(_ parts: [String], _ listing: PageToken.Listing) -> String {
        sealed(parts, listing, now: presentMilliseconds, node.tokenKey)
    }

    /// The parts of a token that `seal` made.
    func open(
        _ text: String, _ listing: PageToken.Listing, parts count: Int
    ) throws(ServiceError) -> [String] {
        guard let token = PageToken.open(text.utf8.span, of: listing, with: node.tokenKey) else {
            throw .invalidNextToken
        }
        let lifetime = node.settings.timeScale.milliseconds(seconds: Limits.tokenSeconds)
        let now = now(after: token.issuedMilliseconds)
        if token.isExpired(nowMilliseconds: now, toleratedMilliseconds: lifetime) {
            throw .expiredNextToken
        }
        let parts = String(decoding: token.contents, as: UTF8.self)
            .split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == count else { throw .invalidNextToken }
        return parts
    }
}

private func sealed(
    _ parts: [String], _ listing: PageToken.Listing, now: Int64, _ key: TokenKey
) -> String {
    PageToken(
        listing: listing, issuedMilliseconds: now,
        contents: Array(parts.joined(separator: "/").utf8)
    ).sealed(with: key)
}

extension StreamState {
    /// Whether a shard was open at a moment, milliseconds since 1970. Its life ends with the second
    /// at which its children begin, so at each moment the open shards tile the hash keys.
    func hasOpen(_ shard: ShardState, at moment: Int64) -> Bool {
        guard Int64(shard.createdSecond) * 1000 <= moment else { return false }
        return end(of: shard).map { moment < $0 } ?? true
    }

    /// When a closed shard's children began, milliseconds since 1970; nil while it is open.
    func end(of shard: ShardState) -> Int64? {
        guard let closed = shard.closedSecond else { return nil }
        let child = shard.children.first.flatMap { shards[$0] }
        return Int64(max(closed, child?.createdSecond ?? closed)) * 1000
    }

    /// A StreamCreationTimestamp tells which stream of this name is meant.
    func check(created milliseconds: Int64?) throws(ServiceError) {
        if let milliseconds, milliseconds / 1000 != Int64(createdSecond) {
            throw .streamNotFound(name: name, account: account)
        }
    }
}

extension ListShards.Filter {
    /// Whether a shard passes. `horizon` is the oldest retained moment, milliseconds since 1970.
    func includes(_ shard: ShardState, of stream: StreamState, horizon: Int64) -> Bool {
        switch self {
        case .fromTrimHorizon: true
        case .atLatest: !shard.isClosed
        case .atTrimHorizon: stream.hasOpen(shard, at: horizon)
        case .atTimestamp(let time): stream.hasOpen(shard, at: max(time, horizon))
        case .fromTimestamp(let time):
            stream.end(of: shard).map { $0 >= max(time, horizon) } ?? true
        }
    }

    var time: Int64? {
        switch self {
        case .atTimestamp(let time), .fromTimestamp(let time): time
        case .atTrimHorizon, .fromTrimHorizon, .atLatest: nil
        }
    }

    /// The filter as it stands in a page token.
    var tokenPart: String {
        switch self {
        case .atTrimHorizon: "h"
        case .fromTrimHorizon: "H"
        case .atLatest: "l"
        case .atTimestamp(let time): "t\(time)"
        case .fromTimestamp(let time): "T\(time)"
        }
    }

    init?(tokenPart: String) {
        switch tokenPart {
        case "h": self = .atTrimHorizon
        case "H": self = .fromTrimHorizon
        case "l": self = .atLatest
        default:
            guard let time = Int64(tokenPart.dropFirst()) else { return nil }
            switch tokenPart.first {
            case "t": self = .atTimestamp(time)
            case "T": self = .fromTimestamp(time)
            default: return nil
            }
        }
    }
}
