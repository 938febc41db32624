import ArgumentParser
import WeirClient

/// Where the server is: what every command that speaks to one has in common.
struct EndpointOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            The server (default: AWS_ENDPOINT_URL_KINESIS, AWS_ENDPOINT_URL, else \
            https://localhost:4567).
            """, valueName: "url"))
    var endpointURL: String?

    @Option(
        help: ArgumentHelp(
            """
            PEM file with the authority that the server's certificate is from (default: \
            AWS_CA_BUNDLE and, for a server on this machine, weir-data/tls/ca.pem; else the \
            system's).
            """, valueName: "file"))
    var caFile: String?

    @Option(help: "Region of the streams (default: AWS_REGION, AWS_DEFAULT_REGION).")
    var region: String?

    /// Throws what is wrong in one line.
    func configuration() throws(ClientError) -> ClientConfiguration {
        try ClientConfiguration.resolved(
            endpointURL: endpointURL, certificateFile: caFile, region: region)
    }

    func client(
        _ change: (inout ClientConfiguration) -> Void = { _ in }
    ) throws(ClientError) -> WeirClient {
        var configuration = try configuration()
        change(&configuration)
        return try WeirClient(configuration)
    }
}
