/// Errors of a request as such, whatever it asks for. Unless a text says otherwise it is AWS's.
extension ServiceError {
    /// The model's constraints were violated; at most ten items are to be given.
    static func validation(_ violations: [String]) -> ServiceError {
        let noun = violations.count == 1 ? "error" : "errors"
        return ServiceError(
            .validation,
            "\(violations.count) validation \(noun) detected: "
                + violations.joined(separator: "; "))
    }

    /// Members that only streams of another distribution strategy can do without.
    static func partitionKeysMissing(_ paths: [String]) -> ServiceError {
        validation(
            paths.map {
                "Value null at '\($0)' failed to satisfy constraint: Member must not be null"
            })
    }

    /// A blob as Java prints it in the text of a violated constraint.
    static func byteBuffer(count: Int) -> String {
        "java.nio.HeapByteBuffer[pos=0 lim=\(count) cap=\(count)]"
    }

    /// The body has more values than a reactor has time to read at once. No request but a put has a
    /// use for that many; a put is then read by a thread that has the time.
    public static let tooManyValues = ServiceError(
        .serialization, "The request has more values than any request of this operation can need.")

    /// A body that is not one map in its encoding.
    public static let unreadableBody = ServiceError(.serialization, nil)

    /// A target that is none of ours.
    public static let unknownOperation = ServiceError(.unknownOperation, nil)

    /// The node does not take writes, or cannot say whether one was done. The text for a record's
    /// result and for a whole call is the same.
    public static let internalFailure = ServiceError(
        .internalFailureException, "Internal Service Failure.")

    /// The node has no memory left for this request; it is worth trying again. The text is ours.
    public static let serviceUnavailable = ServiceError(
        .serviceUnavailable, "The service is unable to handle the request. Please try again.")

    /// The call's rate is above what the account may have (the text is ours).
    public static func callRateExceeded(_ operation: KinesisOperation) -> ServiceError {
        ServiceError(.limitExceeded, "Rate exceeded for operation \(operation.name).")
    }

    /// An ARN that follows the model's pattern and names nothing of ours (the text is ours).
    public static func invalidARN(_ arn: String) -> ServiceError {
        ServiceError(.invalidArgument, "ARN \(quotable(arn)) is invalid.")
    }

    /// An ARN of another region than the request's (the text is ours).
    public static func otherRegion(arn: String, region: String) -> ServiceError {
        ServiceError(.invalidArgument, "ARN \(arn) is not of region \(region).")
    }

    /// An ARN of another account than the caller's, without a policy that allows an action such as
    /// `kinesis:PutRecord` (the text is ours).
    public static func otherAccount(
        _ action: String, arn: String, account: String
    ) -> ServiceError {
        ServiceError(
            .accessDenied,
            "Account \(account) is not authorized to perform: \(action) on resource: \(arn)")
    }
}
