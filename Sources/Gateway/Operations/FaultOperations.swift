import Kinesis

/// Faults that people inject for the tests of their programs.
enum FaultOperations {
    static func injectFault(
        _ context: OperationContext, _ input: InjectFault.Input
    ) throws(ServiceError) {
        let faults = try allowed(context)
        let owner = FaultTable.Owner(context.caller)
        let id = try faults.inject(input.fault, owner, now: context.faultTime)
        if input.fault.kind == .cutSubscriptions { context.cutSubscriptions(input.fault, owner) }
        context.succeed(InjectFault.Output(id: id).encoded(context.encoding))
    }

    static func listFaults(
        _ context: OperationContext, _ input: ListFaults.Input
    ) throws(ServiceError) {
        let faults = try allowed(context).list(
            FaultTable.Owner(context.caller), now: context.faultTime)
        context.succeed(ListFaults.Output(faults: faults).encoded(context.encoding))
    }

    static func clearFaults(
        _ context: OperationContext, _ input: ClearFaults.Input
    ) throws(ServiceError) {
        let count = try allowed(context).clear(
            input.id, FaultTable.Owner(context.caller), now: context.faultTime)
        context.succeed(ClearFaults.Output(count: count).encoded(context.encoding))
    }

    private static func allowed(_ context: OperationContext) throws(ServiceError) -> FaultTable {
        guard let faults = context.faults else { throw .faultInjectionOff }
        return faults
    }
}
