import Kinesis

/// The records of a PutRecord or a PutRecords.
enum PutInput: Sendable {
    case single(PutRecord.Input)
    case batch(PutRecords.Input)

    var stream: StreamSelector {
        switch self {
        case .single(let input): input.stream
        case .batch(let input): input.stream
        }
    }

    var count: Int {
        switch self {
        case .single: 1
        case .batch(let input): input.count
        }
    }

    func hashKey(_ ordinal: Int) -> UInt128 {
        switch self {
        case .single(let input): input.hashKey
        case .batch(let input): input.hashKey(ordinal)
        }
    }

    /// Bytes of a record's data and partition key.
    func size(_ ordinal: Int) -> Int {
        switch self {
        case .single(let input): input.data.count + input.partitionKey.count
        case .batch(let input): input.data(ordinal).count + input.partitionKey(ordinal).count
        }
    }
}
