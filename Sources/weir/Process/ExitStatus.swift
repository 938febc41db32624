/// How a command ends, as the shell sees it. From 64 on the numbers are those of `sysexits.h`, as
/// swift-argument-parser's 64 for wrong arguments is; 128 and a signal's number is what a shell
/// says of a program that was ended by it.
struct ExitStatus: Error, Hashable, RawRepresentable {
    var rawValue: Int32

    static let success = ExitStatus(rawValue: 0)
    /// The server refused, or answered what it should not.
    static let refused = ExitStatus(rawValue: 1)
    /// What a folder holds is not all that was written.
    static let damaged = ExitStatus(rawValue: 1)
    /// Nothing can be said of the folder.
    static let unreadable = ExitStatus(rawValue: 2)
    /// What was to be put cannot be a record.
    static let data = ExitStatus(rawValue: 65)
    /// The server could not be reached, or did not come back.
    static let unavailable = ExitStatus(rawValue: 69)
    /// Standard input could not be read, or standard output not be written.
    static let inputOutput = ExitStatus(rawValue: 74)
    /// An endpoint or a certificate file that cannot be used.
    static let configuration = ExitStatus(rawValue: 78)
    /// SIGHUP, SIGINT, SIGTERM; and SIGPIPE for a standard output that nobody reads any more.
    static let hungUp = ExitStatus(rawValue: 129)
    static let interrupted = ExitStatus(rawValue: 130)
    static let closedOutput = ExitStatus(rawValue: 141)
    static let terminated = ExitStatus(rawValue: 143)

    /// For the help of commands.
    static let help = """
        Ends with 0 when everything was done, 1 when the server refused, 64 for wrong arguments, 65 \
        for input that cannot be a record, 69 when the server cannot be reached, 74 when standard \
        input or output fails, 78 for an unusable endpoint or certificate file, 141 when nobody \
        reads its output, and 130 or 143 when it was interrupted or terminated.
        """
}
