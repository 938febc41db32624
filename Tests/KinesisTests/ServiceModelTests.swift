import Foundation
import Kinesis
import Testing
import TestSupport
import Wire

/// The part of botocore's service model that says what a request is.
private struct ServiceModel: Decodable {
    struct Metadata: Decodable {
        var targetPrefix: String
        var jsonVersion: String
        var signingName: String
    }
    struct Reference: Decodable { var shape: String }
    struct OperationModel: Decodable {
        var input: Reference
        var output: Reference?
    }
    struct Shape: Decodable {
        var type: String
        var required: [String]?
        var members: [String: Reference]?
        var min: Int?
        var max: Int?
        var pattern: String?
    }
    var metadata: Metadata
    var operations: [String: OperationModel]
    var shapes: [String: Shape]
}

@Suite struct `The service model of Weir's own operations` {
    @Test func `it has the inputs that the specification lists`() throws {
        let model: ServiceModel = try Specification.load(
            "botocore/weir/2026-11-22/service-2.json")
        #expect(model.metadata.targetPrefix == WeirOperation.targetPrefix)
        #expect(model.metadata.jsonVersion == "1.1")
        #expect(model.metadata.signingName == "kinesis")
        let inputs = try InputModel.load().filter {
            $0.target.hasPrefix(WeirOperation.targetPrefix)
        }
        #expect(Set(inputs.map(\.operation)) == Set(model.operations.keys))
        #expect(model.operations["CommitCursor"]?.output == nil)
        for input in inputs {
            let operation = try #require(model.operations[input.operation])
            let shape = try #require(model.shapes[operation.input.shape])
            let required = input.members.filter { $0.required == true }.compactMap(\.name)
            #expect(Set(shape.required ?? []) == Set(required))
            #expect(Set((shape.members ?? [:]).keys) == Set(input.members.compactMap(\.name)))
            for member in input.members {
                let reference = try #require(shape.members?[member.name ?? ""])
                let type = try #require(model.shapes[reference.shape])
                #expect(type.type == member.type)
                #expect(type.min == member.min)
                #expect(type.max == member.max)
                #expect(type.pattern == member.pattern)
            }
        }
    }

    @Test func `a cursor is written with the members that the model has`() throws {
        let model: ServiceModel = try Specification.load(
            "botocore/weir/2026-11-22/service-2.json")
        let stream = StreamARN(region: "us-east-1", account: "123456789012", name: "foo")
        let number = SequenceNumber.start(shardCreatedSecond: 1_548_118_962, shardIndex: 0)
        let cursor = ListCursors.Cursor(
            consumer: ConsumerARN(stream: stream, name: "app", createdSecond: 1),
            shardID: ShardID(index: 0), sent: number, credited: number, committed: number,
            recordsBehind: 1, bytesBehind: 1, millisBehind: 1, subscriptionOpen: true,
            stallReason: "x")
        let body = ListCursors.Output(cursors: [cursor], nextToken: "t").encoded(.json)
        let object = try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any]
        let written = try #require((object?["Cursors"] as? [[String: Any]])?.first)
        #expect(Set(written.keys) == Set((model.shapes["Cursor"]?.members ?? [:]).keys))
        #expect(
            Set((object ?? [:]).keys)
                == Set((model.shapes["ListCursorsOutput"]?.members ?? [:]).keys))
    }
}
