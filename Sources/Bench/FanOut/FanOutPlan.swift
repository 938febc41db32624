import Kinesis
import WeirClient

/// What a fan-out or read bench does.
struct FanOutPlan: Sendable {
    var stream: String
    var region: String?
    var consumers: [ConsumerARN]
    var shards: [ShardID]
    var from: StartingPosition
    var subscriptionsPerConnection: Int
    /// Subscribers, from the first, that check every record.
    var checked: Int
    var recordBytes: Int
    var recordsPerCall: Int
    /// Records a second; nil runs a closed loop. 0 puts nothing.
    var recordsPerSecond: Double?
    /// Records at most between the producer and the slowest subscriber, in a closed loop.
    var window: Int
    var warmUp: Double
    var duration: Double
    /// Ends early when each subscriber has so many records; for catching up.
    var recordsToRead: UInt64?
    var server: Int32?
}

/// What it found.
struct FanOutOutcome: Sendable {
    var deliveries: UInt64 = 0
    var records: UInt64 = 0
    var seconds = 0.0
    /// When everybody listened and the load began, in monotonic nanoseconds.
    var began: UInt64 = 0
    /// Bytes of event streams that came in that time.
    var bytes: UInt64 = 0
    /// All that came from the first byte to the last, and the records in it.
    var allBytes: UInt64 = 0
    var allDeliveries: UInt64 = 0
    var events: UInt64 = 0
    /// Records in the events of the subscribers that check.
    var checkedRecords: UInt64 = 0
    var latencies = Latencies()
    var acknowledgements = Latencies()
    var cpu: CPUMeter
    var failure: String?

    /// Bytes of event streams that a subscriber had for each record; HTTP/2 adds 9 to each 16 KiB.
    var bytesPerDelivery: Double {
        allDeliveries == 0 ? 0 : Double(allBytes) / Double(allDeliveries)
    }

    /// Server CPU a delivery; nil if it was not measured.
    var serverMicroseconds: Double? {
        deliveries == 0 ? nil : cpu.serverSeconds.map { $0 * 1e6 / Double(deliveries) }
    }
}
