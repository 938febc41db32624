import Kinesis
import Wire

extension WeirClient {
    /// Creates a stream and waits until it is active; at most a minute.
    ///
    /// Throws ResourceInUseException if there is one of the name already.
    public func createStream(_ name: String, shards: Int) async throws(ClientError) {
        _ = try await call(.kinesis(.createStream), isRepeatable: false) { writer in
            writer.member("StreamName", name)
            writer.member("ShardCount", shards)
        }
        for _ in 0..<Limits.polls {
            if try await describe(name).status == .active { return }
            try await pause(milliseconds: Limits.pollMilliseconds)
        }
        throw .response("the stream \(name) does not become active")
    }

    /// Deletes a stream, its records and its consumers, and waits until it is gone; at most a
    /// minute.
    ///
    /// Throws ResourceInUseException if `enforceConsumerDeletion` is false and consumers are
    /// registered.
    public func deleteStream(
        _ name: String, enforceConsumerDeletion: Bool = true
    ) async throws(ClientError) {
        _ = try await call(.kinesis(.deleteStream), isRepeatable: false) { writer in
            writer.member("StreamName", name)
            writer.key("EnforceConsumerDeletion")
            writer.boolean(enforceConsumerDeletion)
        }
        for _ in 0..<Limits.polls {
            do throws(ClientError) {
                // One that somebody else has created since is not ours to wait for.
                guard try await describe(name).status == .deleting else { return }
            } catch {
                guard error.code == .resourceNotFound else { throw error }
                return
            }
            try await pause(milliseconds: Limits.pollMilliseconds)
        }
        throw .response("the stream \(name) is still being deleted")
    }

    /// The names of all streams of the client's account and region, in the order of their bytes.
    public func listStreams() async throws(ClientError) -> [String] {
        var names: [String] = []
        while true {
            let answer = try await call(.kinesis(.listStreams), isRepeatable: true) { writer in
                if let last = names.last { writer.member("ExclusiveStartStreamName", last) }
            }
            let page = try answer.required("StreamNames").elements.compactMap(\.text)
            // Else a server that always has more would be asked for ever.
            guard names.isEmpty || page.isEmpty || page[0] > names[names.count - 1] else {
                throw .response("the list of streams does not go on behind \(names.last ?? "")")
            }
            names += page
            guard answer["HasMoreStreams"] == .boolean(true), !page.isEmpty else { return names }
        }
    }

    /// What a stream is: DescribeStreamSummary.
    public func describe(_ stream: String) async throws(ClientError) -> StreamSummary {
        let answer = try await call(.kinesis(.describeStreamSummary), isRepeatable: true) {
            writer in
            writer.member("StreamName", stream)
        }
        let summary = try answer.required("StreamDescriptionSummary")
        guard let arn = StreamARN(try summary.requiredText("StreamARN")),
            let status = StreamStatus(rawValue: try summary.requiredText("StreamStatus"))
        else { throw .response("the description of \(stream) is broken") }
        return StreamSummary(
            name: try summary.requiredText("StreamName"), arn: arn, status: status,
            openShardCount: Int(summary["OpenShardCount"]?.integer ?? 0),
            recordBytes: Int(summary["MaxRecordSizeInKiB"]?.integer ?? 10_240) << 10,
            consumerCount: Int(summary["ConsumerCount"]?.integer ?? 0))
    }

    /// Which shards `listShards` lists.
    public enum ShardSelection: Sendable, Hashable {
        /// All that have records which are retained, also closed ones.
        case all
        /// Those that are open.
        case open
        /// Those that were open at a time, in milliseconds since 1970, or later.
        case since(Int64)
    }

    /// The shards of a stream, in the order of their numbers.
    public func listShards(
        _ stream: String, _ selection: ShardSelection = .all
    ) async throws(ClientError) -> [ShardSummary] {
        var shards: [ShardSummary] = []
        var token: String?
        var emptyPages = 0
        repeat {
            let answer = try await call(.kinesis(.listShards), isRepeatable: true) { writer in
                guard let token else { return selection.write(stream, to: &writer) }
                writer.member("NextToken", token)
            }
            let page = try answer.required("Shards").elements
            for element in page { shards.append(try ShardSummary(element)) }
            emptyPages = page.isEmpty ? emptyPages + 1 : 0
            guard shards.count <= Limits.followedShards else {
                throw .response("more than \(Limits.followedShards) shards")
            }
            let next = answer["NextToken"]?.text
            guard next == nil || next != token, emptyPages <= Limits.emptyPages else {
                throw .response("the list of shards does not come to an end")
            }
            token = next
        } while token != nil
        return shards
    }
}

extension WeirClient.ShardSelection {
    fileprivate func write(_ stream: String, to writer: inout ResponseWriter) {
        writer.member("StreamName", stream)
        guard self != .all else { return }
        writer.key("ShardFilter")
        writer.beginStructure()
        switch self {
        case .all, .open: writer.member("Type", "AT_LATEST")
        case .since(let milliseconds):
            writer.member("Type", "FROM_TIMESTAMP")
            writer.key("Timestamp")
            writer.timestamp(milliseconds: milliseconds)
        }
        writer.endStructure()
    }
}

extension ShardSummary {
    init(_ document: Document) throws(ClientError) {
        let range = try document.required("HashKeyRange")
        let numbers = try document.required("SequenceNumberRange")
        guard let id = ShardID(lenient: try document.requiredText("ShardId")),
            let start = UInt128(try range.requiredText("StartingHashKey")),
            let end = UInt128(try range.requiredText("EndingHashKey")), start <= end,
            let starting = SequenceNumber(try numbers.requiredText("StartingSequenceNumber"))
        else { throw .response("the description of a shard is broken") }
        let parents = [document["ParentShardId"], document["AdjacentParentShardId"]]
        self.init(
            id: id,
            parents: parents.compactMap { $0?.text }.compactMap { ShardID(lenient: $0) },
            range: HashRange(start: start, end: end), startingSequenceNumber: starting,
            endingSequenceNumber: numbers["EndingSequenceNumber"]?.text.flatMap {
                SequenceNumber($0)
            })
    }
}
