import HTTP
import Kinesis
import Testing
import Wire

@testable import WeirClient

private struct FakeSurroundings: Surroundings {
    var variables: [String: String] = [:]
    var files: [String: [UInt8]] = [:]

    func variable(_ name: String) -> String? { variables[name] }

    func contents(of path: String, limit: Int) throws(ClientError) -> [UInt8] {
        guard let bytes = files[path] else { throw .configuration("\(path): not there") }
        return bytes
    }
}

private func resolve(
    _ surroundings: FakeSurroundings, url: String? = nil, file: String? = nil
) throws(ClientError) -> ClientConfiguration {
    try ClientConfiguration.resolved(
        endpointURL: url, certificateFile: file, region: nil, in: surroundings)
}

@Suite struct ConfigurationTests {
    @Test(arguments: [
        ("https://localhost:4567", "localhost", 4567), ("https://h", "h", 443),
        ("HTTPS://h:1/", "h", 1), ("https://[::1]:4567", "::1", 4567),
        ("https://[::1]", "::1", 443),
        ("https://127.0.0.1:65535", "127.0.0.1", 65535),
    ])
    func `an endpoint is host and port`(_ url: String, _ host: String, _ port: UInt16) {
        #expect(Endpoint(url) == Endpoint(host: host, port: port))
    }

    @Test(arguments: [
        "", "localhost:4567", "http://localhost:4567", "https://", "https://:1", "https://h:0",
        "https://h:65536", "https://h:x", "https://h/path", "https://u@h", "https://[::1",
        "https://[::1]x", "https://h?q", "https://a b",
    ])
    func `anything else is no endpoint`(_ url: String) {
        #expect(Endpoint(url) == nil)
    }

    @Test func `an endpoint's URL reads back`() {
        for url in ["https://localhost:4567", "https://[::1]:4567"] {
            #expect(Endpoint(url)?.description == url)
        }
    }

    @Test func `what the caller says comes first, then the environment, then the usual`() throws {
        var surroundings = FakeSurroundings()
        #expect(try resolve(surroundings).endpoint == .standard)
        #expect(try resolve(surroundings).trustedCertificates == nil)
        surroundings.files["weir-data/tls/ca.pem"] = [1]
        #expect(try resolve(surroundings).trustedCertificates == [1])
        surroundings.variables["AWS_ENDPOINT_URL"] = "https://general:1"
        #expect(try resolve(surroundings).endpoint.host == "general")
        // A certificate that we made is not that of another machine.
        #expect(try resolve(surroundings).trustedCertificates == nil)
        surroundings.variables["AWS_ENDPOINT_URL_KINESIS"] = "https://kinesis:1"
        #expect(try resolve(surroundings).endpoint.host == "kinesis")
        surroundings.variables["AWS_CA_BUNDLE"] = "bundle"
        surroundings.files["bundle"] = [2]
        surroundings.files["given"] = [3]
        #expect(try resolve(surroundings).trustedCertificates == [2])
        let given = try resolve(surroundings, url: "https://given:1", file: "given")
        #expect(given.endpoint.host == "given" && given.trustedCertificates == [3])
        // A server on this machine is one of ours, whatever bundle there is for others.
        let local = try resolve(surroundings, url: "https://localhost:1")
        #expect(local.trustedCertificates == [2, 0x0A, 1])
        surroundings.files["weir-data/tls/ca.pem"] = nil
        #expect(try resolve(surroundings, url: "https://localhost:1").trustedCertificates == [2])
        surroundings.variables["AWS_DEFAULT_REGION"] = "eu-west-1"
        #expect(try resolve(surroundings).region == "eu-west-1")
        surroundings.variables["AWS_REGION"] = "eu-west-2"
        #expect(try resolve(surroundings).region == "eu-west-2")
    }

    @Test func `an empty variable is as if it were not there`() throws {
        let surroundings = FakeSurroundings(variables: [
            "AWS_ENDPOINT_URL_KINESIS": "", "AWS_CA_BUNDLE": "", "AWS_REGION": "",
        ])
        let configuration = try resolve(surroundings)
        #expect(configuration.endpoint == .standard && configuration.region == nil)
    }

    @Test func `a file that is named and not there is an error`() {
        #expect(throws: ClientError.self) { try resolve(FakeSurroundings(), file: "gone") }
        #expect(throws: ClientError.self) { try resolve(FakeSurroundings(), url: "nonsense") }
    }

    @Test func `waits double up to the longest, less at most a half`() {
        var policy = RetryPolicy()
        policy.firstMilliseconds = 100
        policy.longestMilliseconds = 1_000
        #expect(
            (1...6).map { policy.milliseconds(afterFailures: $0, fraction: 1) } == [
                100, 200, 400, 800, 1_000, 1_000,
            ])
        #expect(policy.milliseconds(afterFailures: 3, fraction: 0) == 200)
        #expect(policy.milliseconds(afterFailures: 1_000, fraction: 1) == 1_000)
    }

    @Test func `the access key's id is the environment's, if it can be one`() throws {
        var surroundings = FakeSurroundings()
        #expect(try resolve(surroundings).accessKeyID == nil)
        surroundings.variables["AWS_ACCESS_KEY_ID"] = "123456789012"
        #expect(try resolve(surroundings).accessKeyID == "123456789012")
        for wrong in ["a/b", "a,b", "a b", "ä", "a\r\nb", String(repeating: "k", count: 129)] {
            surroundings.variables["AWS_ACCESS_KEY_ID"] = wrong
            #expect(throws: ClientError.self, "\(wrong)") { try resolve(surroundings) }
        }
    }

    @Test(arguments: [
        (nil, nil, nil), ("eu-west-1", nil, "weir/19700101/eu-west-1/kinesis/aws4_request"),
        (nil, "123456789012", "123456789012/19700101//kinesis/aws4_request"),
        ("eu-west-1", "123456789012", "123456789012/19700101/eu-west-1/kinesis/aws4_request"),
    ])
    func `who asks and where is said in a scope`(_ region: String?, _ id: String?, _ scope: String?)
    {
        let fields = RequestFields.make(
            .kinesis(.listStreams), encoding: .json, region: region, accessKeyID: id)
        let found = fields.first("authorization").map { String(decoding: $0, as: UTF8.self) }
        #expect(found?.contains("Credential=\(scope ?? ""),") == (scope == nil ? nil : true))
    }
}
