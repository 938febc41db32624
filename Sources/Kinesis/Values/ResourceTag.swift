/// A tag of a stream or a consumer.
public struct ResourceTag: Sendable, Hashable {
    /// 1 to 128 characters.
    public var key: String
    /// Up to 256 characters.
    public var value: String

    public init(key: String, value: String) {
        self.key = key
        self.value = value
    }
}
