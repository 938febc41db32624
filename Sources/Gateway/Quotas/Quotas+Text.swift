import Kinesis

/// The value of `--limits`: `none`, `aws`, or `NAME=VALUE`, several with commas between them. A
/// later part wins over an earlier one, so that `aws,write-records=none` lifts one of AWS's limits.
extension Quotas {
    /// Why a text is not understood, in words for the one who wrote it.
    public struct Misunderstood: Error, CustomStringConvertible {
        public let description: String
    }

    /// Quotas as the command line tells them.
    public init(text: String) throws(Misunderstood) {
        self.init()
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            switch part {
            case "none": self = .none
            case "aws": self = .aws
            default: try set(part)
            }
        }
    }

    private mutating func set(_ part: Substring) throws(Misunderstood) {
        let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard pair.count == 2 else {
            throw Misunderstood(
                description: "\(part): expected none, aws, or NAME=VALUE, e.g. write-bytes=1048576")
        }
        let name = String(pair[0])
        let value = try Self.value(pair[1], of: name)
        if let path = Self.names[name] {
            self[keyPath: path] = value
        } else if let operation = KinesisOperation.allCases.first(where: { $0.name == name }),
            operation.isControl
        {
            calls[operation] = value
        } else {
            throw Misunderstood(
                description: "\(name): expected the name of a control operation, or one of "
                    + Self.names.keys.sorted().joined(separator: ", "))
        }
    }

    private static func value(
        _ text: Substring, of name: String
    ) throws(Misunderstood) -> Int? {
        if text == "none" { return nil }
        guard let number = Int(text), (1...1_000_000_000_000).contains(number) else {
            throw Misunderstood(
                description: "\(name)=\(text): expected none or a number from 1 to 10^12")
        }
        return number
    }

    private static var names: [String: WritableKeyPath<Quotas, Int?>] {
        [
            "shards": \.shards,
            "on-demand-streams": \.onDemandStreams,
            "creating-streams": \.creatingStreams,
            "consumers": \.consumers,
            "creating-consumers": \.creatingConsumers,
            "committed-consumers": \.committedConsumers,
            "write-bytes": \.writeBytes,
            "write-records": \.writeRecords,
            "read-bytes": \.readBytes,
            "read-calls": \.readCalls,
            "iterator-calls": \.iteratorCalls,
            "subscription-bytes": \.subscriptionBytes,
            "subscribe-calls": \.subscribeCalls,
            "resizes-per-day": \.resizesPerDay,
            "mode-changes-per-day": \.modeChangesPerDay,
        ]
    }
}

extension KinesisOperation {
    /// Whether calls of it are limited by name: what moves records has limits of its own.
    fileprivate var isControl: Bool {
        let moving: Set<Self> = [
            .putRecord, .putRecords, .getRecords, .getShardIterator, .subscribeToShard,
        ]
        return !moving.contains(self)
    }
}
