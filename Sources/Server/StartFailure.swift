/// Why the server did not start: one line that says what is wrong and what to do.
public struct StartFailure: Error, Sendable, CustomStringConvertible {
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}
