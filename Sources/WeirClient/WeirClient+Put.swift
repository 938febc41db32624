import Kinesis
import Wire

extension WeirClient {
    /// Puts a record; when this returns, it is as durable as the server promises.
    public func putRecord(
        _ entry: PutEntry, stream: String
    ) async throws(ClientError) -> PutReceipt {
        let body = RequestBody.putRecord(entry, stream: stream, configuration.encoding)
        let answer = try await call(.kinesis(.putRecord), isRepeatable: true, body: body)
        guard let receipt = try PutReceipt(answer) else {
            throw .response("a record without a sequence number")
        }
        return receipt
    }

    /// Puts records in as few calls as their number and size allow, one call after the other, and
    /// returns where each was stored.
    ///
    /// Records that the service refuses for the moment are put again, behind those of their call
    /// that it took. When one fails for good this throws the service's word on it; then some of
    /// the others may have been stored.
    public func putRecords(
        _ entries: [PutEntry], stream: String
    ) async throws(ClientError) -> [PutReceipt] {
        var receipts = [PutReceipt?](repeating: nil, count: entries.count)
        try await putRecords(entries, stream: stream) { receipts[$0] = $1 }
        return receipts.compactMap { $0 }
    }

    /// The same, for a caller that wants to know what was stored also when this throws: each
    /// receipt is given to `stored` with its entry's place when its call has been answered.
    public func putRecords(
        _ entries: [PutEntry], stream: String, stored: (Int, PutReceipt) -> Void
    ) async throws(ClientError) {
        var start = 0
        while start < entries.count {
            let end = Self.endOfBatch(entries, from: start)
            try await putBatch(entries, Array(start..<end), stream, stored)
            start = end
        }
    }

    /// Where a call that begins with the entry at `start` has to end; it has at least one.
    static func endOfBatch(_ entries: [PutEntry], from start: Int) -> Int {
        var bytes = 0
        var end = start
        while end < entries.count, end - start < Limits.recordsPerPut {
            bytes += entries[end].data.count + entries[end].partitionKey.utf8.count
            if bytes > Limits.bytesPerPut, end > start { break }
            end += 1
        }
        return end
    }

    private func putBatch(
        _ entries: [PutEntry], _ batch: [Int], _ stream: String,
        _ stored: (Int, PutReceipt) -> Void
    ) async throws(ClientError) {
        var pending = batch
        var failures = 0
        while true {
            let body = RequestBody.putRecords(
                pending.lazy.map { entries[$0] }, stream: stream, configuration.encoding)
            let answer = try await call(.kinesis(.putRecords), isRepeatable: true, body: body)
            let results = try answer.required("Records").elements
            guard results.count == pending.count else {
                throw .response("\(results.count) results for \(pending.count) records")
            }
            var refused: [Int] = []
            var error: ClientError?
            for (entry, result) in zip(pending, results) {
                if let receipt = try PutReceipt(result) {
                    stored(entry, receipt)
                } else {
                    refused.append(entry)
                    error = .service(
                        code: result["ErrorCode"]?.text ?? "InternalFailure",
                        message: result["ErrorMessage"]?.text, status: 200)
                }
            }
            guard let error else { return }
            // A call that stored something begins the count anew: it ends with the last record.
            failures = refused.count < pending.count ? 1 : failures + 1
            guard failures < configuration.retry.attempts else { throw error }
            try await pause(afterFailures: failures)
            pending = refused
        }
    }
}

extension PutReceipt {
    /// Nil if the record was refused.
    init?(_ document: Document) throws(ClientError) {
        guard let number = document["SequenceNumber"]?.text else { return nil }
        guard let sequenceNumber = SequenceNumber(number),
            let shard = ShardID(lenient: try document.requiredText("ShardId"))
        else { throw .response("\(number) is not a sequence number") }
        self.init(shard: shard, sequenceNumber: sequenceNumber)
    }
}
