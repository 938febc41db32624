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
                counters.expired.count()
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
            counters.expired.count()
            die(.aborted)
            return 1
        }
        let limit: UInt64
        let progress: UInt64
        if exchange.answered {
            guard exchange.source == nil else { return 0 }
            limit = deadlines.response
            progress = exchange.sent / Limits.leastProgressBytes
        } else if !exchange.whole {
            limit = deadlines.requestBody
            progress = exchange.received
        } else {
            return 0
        }
        if progress != exchange.watchedBytes || exchange.watchedSince == 0 {
            exchange.watchedBytes = progress
            exchange.watchedSince = now
            return 0
        }
        guard now &- exchange.watchedSince > limit else { return 0 }
        if exchange.answered {
            counters.expired.count()
            die(.aborted)
        } else {
            refuse(408, .aborted)
        }
        return 1
    }
}
