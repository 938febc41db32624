import Catalog
import Kinesis
import Reactor
import Wire

/// What an operation costs at most.
enum CostClass: Sendable {
    /// Every call of it is answered within a turn, or waits for the log alone.
    case inline
    /// A call that is about what is not in memory goes to a thread that may wait for the disk.
    case disk
    /// A call that is about much goes to a thread that may take long.
    case processor

    /// Where such a call goes; nil if none does.
    var lane: BlockingPool.Lane? {
        switch self {
        case .inline: nil
        case .disk: .disk
        case .processor: .processor
        }
    }
}

/// How an operation is performed: its row in the table of its service.
///
/// A row puts three functions together: one that reads the body (`Kinesis/Operations/`), one that
/// finds what the operation is about, and the handler. Between the second and the third it asks,
/// once, whether the caller may; a handler sees nothing that its caller may not.
struct OperationRow: Sendable {
    let cost: CostClass
    /// Reads a body, finds, asks, and hands over to the handler; what it throws is the answer.
    let perform: @Sendable (OperationContext, [UInt8]) throws(ServiceError) -> Void
    /// For operations whose bodies may be larger than what a reactor decodes.
    let large: LargeBodies?

    /// How a body is read on another thread.
    struct LargeBodies: Sendable {
        let decode:
            @Sendable ([UInt8], Encoding, PutPreparation) throws(ServiceError) -> DecodedCall
    }

    /// A call whose body another thread has read.
    struct DecodedCall: Sendable {
        let stream: StreamSelector
        /// Goes on where reading on the reactor would have: finds, asks, and hands over.
        let perform: @Sendable (OperationContext) throws(ServiceError) -> Void
    }

    typealias Decode<Input> = @Sendable ([UInt8], Encoding) throws(ServiceError) -> Input
    typealias Find<Input, Subject> =
        @Sendable (OperationContext, Input) throws(ServiceError) -> Found<Subject>
    typealias Handler<Subject, Input> =
        @Sendable (OperationContext, Subject, Input) throws(ServiceError) -> Void

    /// An operation about whatever `find` finds.
    @inline(__always)
    static func row<Input, Subject>(
        _ decode: @escaping Decode<Input>, _ cost: CostClass = .inline,
        on find: @escaping Find<Input, Subject>, _ handler: @escaping Handler<Subject, Input>
    ) -> OperationRow {
        OperationRow(
            cost: cost,
            perform: { (context, body) throws(ServiceError) in
                let input = try decode(body, context.encoding)
                try context.perform(on: find(context, input)) {
                    (context, subject) throws(ServiceError) in
                    try handler(context, subject, input)
                }
            }, large: nil)
    }

    /// An operation about what the request names: a stream, a consumer, or either by its ARN.
    @inline(__always)
    static func row<Input, Name: Findable & SendableMetatype>(
        _ decode: @escaping Decode<Input>, _ cost: CostClass = .inline,
        about name: @escaping @Sendable (Input) -> Name,
        _ handler: @escaping Handler<Name.Subject, Input>
    ) -> OperationRow {
        row(
            decode, cost,
            on: { (context, input) throws(ServiceError) in try name(input).find(in: context) },
            handler)
    }

    /// An operation about the caller's account.
    @inline(__always)
    static func row<Input>(
        _ decode: @escaping Decode<Input>, _ cost: CostClass = .inline,
        account handler:
            @escaping @Sendable (OperationContext, Input) throws(ServiceError) -> Void
    ) -> OperationRow {
        row(
            decode, cost, on: { (_, _) in Found(.account, .success(())) },
            { (context, _, input) throws(ServiceError) in try handler(context, input) })
    }

    /// A put, whose body may be large, or of so many values that a reactor does not read it at once.
    /// Then its records are made as the log wants them by the thread that reads it.
    @inline(__always)
    static func put<Input: Sendable>(
        _ decode:
            @escaping @Sendable (
                _ body: [UInt8], _ encoding: Encoding, _ atOnce: Bool
            ) throws(ServiceError) -> Input,
        stream selector: @escaping @Sendable (Input) -> StreamSelector,
        records: @escaping @Sendable (Input) -> PutInput,
        _ handler:
            @escaping @Sendable (
                OperationContext, StreamState, Input, PreparedPut?
            ) throws(ServiceError) -> Void
    ) -> OperationRow {
        OperationRow(
            cost: .processor,
            perform: { (context, body) throws(ServiceError) in
                let input: Input
                do throws(ServiceError) {
                    input = try decode(body, context.encoding, true)
                } catch {
                    guard error == .tooManyValues else { throw error }
                    return context.decodeElsewhere(body)
                }
                try context.perform(on: context.find(selector(input))) {
                    (context, stream) throws(ServiceError) in
                    try handler(context, stream, input, nil)
                }
            },
            large: LargeBodies { (body, encoding, preparation) throws(ServiceError) in
                let input = try decode(body, encoding, false)
                let prepared = preparation.prepare(records(input))
                return DecodedCall(stream: selector(input)) { (context) throws(ServiceError) in
                    try context.perform(on: context.find(selector(input))) {
                        (context, stream) throws(ServiceError) in
                        try handler(context, stream, input, prepared)
                    }
                }
            })
    }
}

extension Operation {
    /// How it is performed.
    var row: OperationRow {
        switch self {
        case .kinesis(let operation): KinesisTable.row(of: operation)
        case .weir(let operation): WeirTable.row(of: operation)
        }
    }
}
