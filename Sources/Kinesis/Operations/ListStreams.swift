public import Wire

/// Lists the streams of an account and region in byte order of their names.
///
/// Errors: LimitExceeded, ExpiredNextToken, InvalidArgument.
public enum ListStreams {
    static let shape = Structure(
        "ListStreamsInput",
        [
            .pageSize("Limit"),
            .name("ExclusiveStartStreamName"),
            .nextToken,
        ])

    /// Where a page begins; clients use either style of paging.
    public enum Start: Sendable, Hashable {
        case beginning
        /// Behind this name, which need not exist.
        case after(String)
        /// Where the page before said.
        case token(String)
    }

    public struct Input: Sendable {
        /// How many streams to show at most: 1 to ``Limits/listStreamsResults``.
        public var limit: Int
        public var start: Start
    }

    public static func decode(
        _ body: [UInt8], _ encoding: Encoding
    ) throws(ServiceError) -> Input {
        let fields = try ShapeDecoder.decode(body, encoding, as: shape)
        let limit = min(
            fields.integer("Limit") ?? Limits.listStreamsResults, Limits.listStreamsResults)
        let name = fields.text("ExclusiveStartStreamName")
        if let token = fields.text("NextToken") {
            guard name == nil else { throw .nextTokenWith("ExclusiveStartStreamName") }
            return Input(limit: limit, start: .token(token))
        }
        return Input(limit: limit, start: name.map(Start.after) ?? .beginning)
    }

    /// A stream as the list shows it (the model's `StreamSummary`).
    public struct Summary: Sendable {
        public var arn: StreamARN
        public var status: StreamStatus
        public var mode: StreamMode
        /// When the stream was created, in seconds since 1970.
        public var createdSecond: UInt64

        public init(arn: StreamARN, status: StreamStatus, mode: StreamMode, createdSecond: UInt64) {
            self.arn = arn
            self.status = status
            self.mode = mode
            self.createdSecond = createdSecond
        }
    }

    public struct Output: Sendable {
        public var streams: [Summary]
        /// Present if, and only if, there are more streams.
        public var nextToken: String?

        public init(streams: [Summary], nextToken: String?) {
            self.streams = streams
            self.nextToken = nextToken
        }

        public func encoded(_ encoding: Encoding) -> [UInt8] {
            var writer = ResponseWriter(encoding, capacity: 128 + 512 * streams.count)
            writer.beginStructure()
            writer.key("StreamNames")
            writer.beginList()
            for stream in streams { writer.text(stream.arn.name) }
            writer.endList()
            writer.member("HasMoreStreams", boolean: nextToken != nil)
            writer.member("NextToken", optional: nextToken)
            writer.key("StreamSummaries")
            writer.beginList()
            for stream in streams {
                writer.beginStructure()
                writer.member("StreamName", text: stream.arn.name)
                writer.member("StreamARN", text: stream.arn.description)
                writer.member("StreamStatus", text: stream.status.rawValue)
                writer.writeMode(stream.mode)
                writer.member("StreamCreationTimestamp", second: stream.createdSecond)
                writer.endStructure()
            }
            writer.endList()
            writer.endStructure()
            return writer.finish()
        }
    }
}
