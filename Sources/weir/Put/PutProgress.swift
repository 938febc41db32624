import Kinesis
import WeirClient

/// What `weir put` has read, and what of it the server has acknowledged.
struct PutProgress {
    let stream: String
    private(set) var acknowledged = 0
    private(set) var shards: Set<String> = []
    /// The number of the first line that was not acknowledged, from 1.
    private(set) var firstOpenLine = 1

    init(stream: String) { self.stream = stream }

    /// One call is over: a receipt for each of its lines that was stored.
    mutating func note(_ receipts: [PutReceipt?]) {
        for receipt in receipts {
            guard let receipt else { continue }
            acknowledged += 1
            shards.insert(receipt.shard.description)
        }
        firstOpenLine += receipts.prefix { $0 != nil }.count
    }

    var summary: String {
        "put \(Self.records(acknowledged)) into \(stream)"
            + (shards.count > 1 ? " (\(shards.count) shards)" : "")
    }

    /// What an end before the end of the input leaves open, for whoever takes it up again.
    ///
    /// - Parameters:
    ///   - lines: Lines that were read.
    ///   - mayBeStored: Whether the server may have stored more than it acknowledged.
    func account(ofRead lines: Int, mayBeStored: Bool) -> String {
        let open = lines - acknowledged
        guard open > 0 else { return summary }
        return summary + "; \(Self.records(open)) that \(open == 1 ? "was" : "were") read "
            + "\(open == 1 ? "is" : "are") not acknowledged"
            + (mayBeStored ? ", but some may be stored" : "")
            + "; the first of them is line \(firstOpenLine)"
    }

    private static func records(_ count: Int) -> String {
        count == 1 ? "1 record" : "\(count) records"
    }
}
