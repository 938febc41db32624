/// What a request body is charged while it arrives.
///
/// The charge runs ahead of what has arrived by a factor, not by what was announced: an announced
/// body that does not come costs nothing, and one that comes is charged whole when an eighth of it
/// is here. From then on nothing but its own slowness can end it: what is admitted is received to
/// its end. A body without a length is charged in steps.
enum BodyCharge {
    /// The charge runs ahead of the bytes by this factor.
    static let lead = 8

    /// Bytes to be charged for a body of which `arrived` bytes are here.
    static func bytes(arrived: Int, announced: Int?) -> Int {
        guard let announced else {
            return (arrived + Limits.bodyStep - 1) / Limits.bodyStep * Limits.bodyStep
        }
        // Never less than what is here: a peer may send more than it announced, for a moment.
        return max(arrived, min(announced, arrived * lead))
    }
}
