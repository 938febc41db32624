import Server

/// What `weir serve` tells people who start it: the lines that make their programs call it.
enum ReachText {
    /// - Parameter folder: Makes a path absolute.
    static func text(_ reach: ServerReach, absolute: (String) -> String) -> String {
        let url = "https://localhost:\(reach.port)"
        var exports = ["AWS_ENDPOINT_URL_KINESIS=\(url)"]
        if let file = reach.authorityFile {
            exports.append("AWS_CA_BUNDLE=\(quoted(absolute(file)))")
        }
        exports += [
            "AWS_REGION=\(reach.region) AWS_DEFAULT_REGION=\(reach.region)",
            "AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any",
        ]
        return """
            To use it, in another terminal:

            \(exports.map { "  export \($0)" }.joined(separator: "\n"))

            boto3 before 1.28 and the AWS CLI before 1.29 and 2.13, Debian 12's own among them, do not
            know the first variable and call Amazon: give them endpoint_url="\(url)" in
            boto3.client, or aws --endpoint-url \(url) kinesis ...

            """
    }

    /// A word for a shell.
    private static func quoted(_ path: String) -> String {
        let plain = path.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                || "/._-+,:@%".utf8.contains(byte)
        }
        return plain
            ? path
            : "'"
                + path.split(separator: "'", omittingEmptySubsequences: false)
                .joined(separator: "'\\''") + "'"
    }
}
