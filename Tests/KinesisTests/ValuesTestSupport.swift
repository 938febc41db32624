import Foundation
import TestSupport

/// `proto-spec/vectors/sequence-numbers.json`.
struct ValueVectors: Decodable {
    struct Shard: Decodable {
        var shardIndex: UInt32
        var shardCreatedSecond: String
    }
    struct Number: Decodable {
        var name, shardCreatedSecond, index, second, hexadecimal, decimal: String
        var shardIndex: UInt32
    }
    struct Finding: Decodable {
        var name, decimal, finding: String
    }
    struct Tiling: Decodable {
        struct Range: Decodable {
            var start, end: String
        }
        var count: Int
        var ranges: [Range]
    }
    struct PartitionKey: Decodable {
        var key, hashKey: String
        /// The index of the key's shard by the number of shards.
        var shardOf: [String: Int]
    }
    struct ShardText: Decodable {
        var text: String
        var index: UInt32?
    }
    var shard: Shard
    var numbers: [Number]
    var findings: [Finding]
    var tilings: [Tiling]
    var partitionKeys: [PartitionKey]
    var shardIds: [ShardText]

    static func load() throws -> ValueVectors {
        try Specification.load("vectors/sequence-numbers.json")
    }
}

extension SeededGenerator {
    /// A number that is often at one of its bounds, and of any size between.
    mutating func number(upTo bound: UInt64) -> UInt64 {
        switch next() % 8 {
        case 0: 0
        case 1: bound
        case 2: UInt64.random(in: 0...bound, using: &self)
        default: min(bound, next() >> (next() % 64))
        }
    }
}
