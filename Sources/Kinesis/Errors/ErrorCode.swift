/// The codes that stand in an error's `__type`.
///
/// The names are those of the service model and of AWS's page "Common Errors"; a client strips
/// everything up to a `#`, so the plain name is sent.
public enum ErrorCode: String, Sendable, Hashable, CaseIterable {
    // Modelled by the service.
    case accessDenied = "AccessDeniedException"
    case dryRunOperation = "DryRunOperationException"
    case expiredIterator = "ExpiredIteratorException"
    case expiredNextToken = "ExpiredNextTokenException"
    case internalFailureException = "InternalFailureException"
    case invalidArgument = "InvalidArgumentException"
    case kmsAccessDenied = "KMSAccessDeniedException"
    case kmsDisabled = "KMSDisabledException"
    case kmsInvalidState = "KMSInvalidStateException"
    case kmsNotFound = "KMSNotFoundException"
    case kmsOptInRequired = "KMSOptInRequired"
    case kmsThrottling = "KMSThrottlingException"
    case limitExceeded = "LimitExceededException"
    case provisionedThroughputExceeded = "ProvisionedThroughputExceededException"
    case resourceInUse = "ResourceInUseException"
    case resourceNotFound = "ResourceNotFoundException"
    case validation = "ValidationException"

    // Given by the front end for every operation.
    case serialization = "SerializationException"
    case unknownOperation = "UnknownOperationException"
    case throttling = "ThrottlingException"
    case internalFailure = "InternalFailure"
    case internalServerError = "InternalServerError"
    case serviceUnavailable = "ServiceUnavailable"

    // Given by the check of signatures.
    case missingAuthenticationToken = "MissingAuthenticationTokenException"
    case incompleteSignature = "IncompleteSignatureException"
    case invalidSignature = "InvalidSignatureException"
    case unrecognizedClient = "UnrecognizedClientException"
    case expiredToken = "ExpiredTokenException"

    /// The name on the wire, such as `ResourceNotFoundException`.
    public var name: String { rawValue }

    /// The HTTP status that goes with the code in JSON and CBOR.
    ///
    /// No error of the model has a status of its own, so each fault of the caller is 400.
    public var status: Int {
        switch self {
        case .internalFailureException, .internalFailure, .internalServerError: 500
        case .serviceUnavailable: 503
        default: 400
        }
    }
}
