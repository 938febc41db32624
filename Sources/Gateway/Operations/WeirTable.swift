import Kinesis

/// How each of Weir's own operations is performed. The switch names all of them, so that one without
/// a row does not compile.
enum WeirTable {
    private static let rows = WeirOperation.allCases.map(makeRow)

    static func row(of operation: WeirOperation) -> OperationRow { rows[Int(operation.rawValue)] }

    private static func makeRow(of operation: WeirOperation) -> OperationRow {
        switch operation {
        case .commitCursor:
            .row(
                CommitCursor.decode, about: { ConsumerSelector.arn($0.consumer) },
                CursorOperations.commitCursor)
        case .listCursors:
            .row(
                ListCursors.decode, .disk, on: CursorOperations.listing,
                CursorOperations.listCursors)
        case .injectFault: .row(InjectFault.decode, account: FaultOperations.injectFault)
        case .listFaults: .row(ListFaults.decode, account: FaultOperations.listFaults)
        case .clearFaults: .row(ClearFaults.decode, account: FaultOperations.clearFaults)
        }
    }
}
