/// The bounds of event-stream messages.
public enum EventStreamLimits {
    // From the specification, as botocore enforces it.

    /// The most bytes that the headers of a message may have.
    public static let headersBytes = 131_072
    /// The most bytes that the payload of a message may have: 24 MiB.
    public static let payloadBytes = 25_165_824
    /// The bytes of a message beside headers and payload: lengths and checksums.
    public static let overheadBytes = 16

    // Ours.

    /// Where the text of an unmodelled error is cut, at a whole character: it stands in a header,
    /// and clients print it.
    public static let errorTextBytes = 1024

    static let preludeBytes = 12
    static let checksumBytes = 4
}
