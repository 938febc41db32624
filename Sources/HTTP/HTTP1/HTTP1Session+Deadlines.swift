import Metrics

/// What the owner of the connection asks in order to end it when nothing moves.
extension HTTP1Session {
    public var openExchanges: Int { current?.announced == true ? 1 : 0 }

    public var hasIncompleteHead: Bool {
        guard case .head = phase else { return false }
        return headBegan || !hadRequest
    }

    public var receivingBody: Bool {
        switch phase {
        case .body, .discard: true
        default: false
        }
    }

    public var hasDeadlines: Bool {
        hasIncompleteHead || receivingBody || wantsOutput && current?.source == nil
    }

    public func enforce(_ deadlines: Deadlines) -> Int {
        let now = context.time
        if hasIncompleteHead {
            guard now &- waitingSince > deadlines.head else { return 0 }
            if headBegan {
                refuse(408, .aborted)
            } else {
                counters.expired.add()
                die(.aborted)
            }
            return 1
        }
        guard let exchange = current, exchange.announced else {
            let limit: UInt64
            switch phase {
            case .discard: limit = deadlines.requestBody
            case .closing: limit = deadlines.response
            default: return 0
            }
            guard now &- waitingSince > limit else { return 0 }
            counters.expired.add()
            die(.aborted)
            return 1
        }
        let limit: UInt64
        let least: UInt64
        let moved: UInt64
        if exchange.answered {
            guard exchange.source == nil else { return 0 }
            (limit, least, moved) = (deadlines.response, deadlines.responseBytes, exchange.sent)
        } else if !exchange.whole {
            (limit, least) = (deadlines.requestBody, deadlines.requestBodyBytes)
            moved = exchange.received
        } else {
            return 0
        }
        if exchange.watchedSince == 0 || moved &- exchange.watchedBytes >= least {
            exchange.watchedBytes = moved
            exchange.watchedSince = max(now, 1)
            return 0
        }
        guard now &- exchange.watchedSince > limit else { return 0 }
        if exchange.answered {
            counters.expired.add()
            die(.aborted)
        } else {
            refuse(408, .aborted)
        }
        return 1
    }
}
