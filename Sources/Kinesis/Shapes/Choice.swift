/// The values of an enumeration, as they are accepted and as errors list them.
struct Choice: Sendable {
    /// The values of AWS's model, in the order in which AWS prints them.
    let printed: [String]
    /// Values of our own, which AWS's text does not list.
    let extensions: [String]

    init(_ printed: [String], extensions: [String] = []) {
        self.printed = printed
        self.extensions = extensions
    }

    func contains(_ value: String) -> Bool {
        printed.contains(value) || extensions.contains(value)
    }

    /// Whether a text of this many bytes could be one: what is longer is refused unread.
    func mayContain(bytes: Int) -> Bool { bytes <= 64 }
}
