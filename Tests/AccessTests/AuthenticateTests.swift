import Access
import Testing
import TestSupport

@Suite struct `Authentication` {
    static let defaults = Caller(account: "000000000000", region: "eu-test-1")

    func caller(header: String? = nil, query: String? = nil) -> Caller {
        switch (header, query) {
        case (let header?, let query?):
            authenticate(
                authorization: header.utf8.span, query: query.utf8.span, defaults: Self.defaults)
        case (let header?, nil):
            authenticate(authorization: header.utf8.span, defaults: Self.defaults)
        case (nil, let query?):
            authenticate(authorization: nil, query: query.utf8.span, defaults: Self.defaults)
        case (nil, nil):
            authenticate(authorization: nil, defaults: Self.defaults)
        }
    }

    static let signed = Caller(
        account: "000000000000", region: "us-east-1", accessKeyID: "AKIDEXAMPLE",
        hasCredentials: true)

    @Test(arguments: [
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/us-east-1/kinesis/aws4_request, "
            + "SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=5529b219",
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/us-east-1/kinesis/aws4_request,"
            + "SignedHeaders=host,Signature=5529b219",
        "AWS4-HMAC-SHA256 SignedHeaders=host, Signature=55, "
            + "Credential=AKIDEXAMPLE/20260102/us-east-1/kinesis/aws4_request",
        "AWS4-HMAC-SHA256   Credential=AKIDEXAMPLE/20260102/us-east-1/kinesis/aws4_request  ",
    ])
    func `key and region come from the scope of the header`(header: String) {
        #expect(caller(header: header) == Self.signed)
    }

    @Test(arguments: [
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20260102%2Fus-east-1"
            + "%2Fkinesis%2Faws4_request&X-Amz-Date=20260102T030405Z",
        "X-Amz-Credential=AKIDEXAMPLE%2f20260102%2fus-east-1%2fkinesis%2faws4_request",
        "&&X-Amz-Credential=AKIDEXAMPLE/20260102/us-east-1/kinesis/aws4_request&",
    ])
    func `key and region come from the scope of a presigned query`(query: String) {
        #expect(caller(query: query) == Self.signed)
    }

    @Test(arguments: [
        ("123456789012", "123456789012"), ("12345678901", "000000000000"),
        ("1234567890123", "000000000000"), ("12345678901a", "000000000000"),
    ])
    func `a key's id of twelve digits is the account`(id: String, account: String) {
        let header = "AWS4-HMAC-SHA256 Credential=\(id)/20260102/us-east-1/kinesis/aws4_request"
        #expect(caller(header: header).account == account)
        #expect(
            caller(query: "X-Amz-Credential=\(id)/20260102/r/kinesis/aws4_request").account
                == account)
    }

    @Test func `the header comes before the query`() {
        let header = "AWS4-HMAC-SHA256 Credential=OTHER/20260102/eu-west-1/kinesis/aws4_request"
        let query = "X-Amz-Credential=AKIDEXAMPLE/20260102/us-east-1/kinesis/aws4_request"
        #expect(caller(header: header, query: query).accessKeyID == "OTHER")
        #expect(caller(header: header, query: query).region == "eu-west-1")
    }

    @Test func `a request without credentials is from nobody in the default region`() {
        for found in [caller(), caller(query: ""), caller(query: "a=b&X-Amz-Credentials=x")] {
            #expect(found == Self.defaults)
            #expect(!found.hasCredentials)
        }
    }

    @Test(arguments: [
        "", " ", "AWS4-HMAC-SHA256", "Bearer abc", "Credential=A/B/us-east-1/D/E",
        "AWS4-HMAC-SHA256 Credential=", "AWS4-HMAC-SHA256 Credential=/////",
        "AWS4-HMAC-SHA256 Credential=A/20260102/us-east-1/kinesis",
        "AWS4-HMAC-SHA256 Credential=A/20260102/us-east-1/kinesis/aws4_request/more",
        "AWS4-HMAC-SHA256 Credential=/20260102/us-east-1/kinesis/aws4_request",
        "AWS4-HMAC-SHA256 Credential=A\u{1}/20260102/us-east-1/kinesis/aws4_request",
        "AWS4-HMAC-SHA256 Credentials=A/20260102/us-east-1/kinesis/aws4_request",
    ])
    func `a header that cannot be read is from an unknown key in the default region`(
        header: String
    ) {
        let found = caller(header: header)
        #expect(found.hasCredentials)
        #expect(found.accessKeyID == nil)
        #expect(found.region == "eu-test-1")
    }

    @Test(arguments: [
        "", "US-EAST-1", "us east", "us_east", "..", "us-east-1\n", "ü",
        String(repeating: "a", count: 33),
    ])
    func `a region that cannot be one is replaced by the default`(region: String) {
        let header = "AWS4-HMAC-SHA256 Credential=A/20260102/\(region)/kinesis/aws4_request"
        #expect(caller(header: header).region == "eu-test-1")
        #expect(caller(header: header).accessKeyID == "A")
    }

    @Test func `a region of 32 characters is one`() {
        let region = String(repeating: "a", count: 32)
        let header = "AWS4-HMAC-SHA256 Credential=A/20260102/\(region)/kinesis/aws4_request"
        #expect(caller(header: header).region == region)
    }

    @Test(arguments: ["%", "%2", "%zz", "%2F%", "A%00/1/us-east-1/k/r"])
    func `a query that cannot be decoded is from an unknown key`(value: String) {
        let found = caller(query: "X-Amz-Algorithm=x&X-Amz-Credential=\(value)")
        #expect(found.hasCredentials)
        #expect(found.accessKeyID == nil)
    }

    @Test func `no bytes at all make it fail`() {
        let seed = UInt64.random(in: .min ... .max)
        var random = SeededGenerator(seed: seed)
        let whole = Array(
            "AWS4-HMAC-SHA256 Credential=AKID/20260102/us-east-1/kinesis/aws4_request, X=".utf8)
        let query = Array("a&X-Amz-Credential=AKID%2F20260102%2Fus-east-1%2Fk%2Fr&b=c".utf8)
        for _ in 0..<2000 {
            for template in [whole, query] {
                var mutated = Array(template[..<Int.random(in: 0...template.count, using: &random)])
                for _ in 0..<Int.random(in: 0...3, using: &random) where !mutated.isEmpty {
                    mutated[Int.random(in: mutated.indices, using: &random)] =
                        UInt8.random(in: 0...255, using: &random)
                }
                let asHeader = authenticate(
                    authorization: mutated.span, defaults: Self.defaults)
                let asQuery = authenticate(
                    authorization: nil, query: mutated.span, defaults: Self.defaults)
                for found in [asHeader, asQuery] {
                    #expect((1...32).contains(found.region.utf8.count), "seed \(seed)")
                }
            }
        }
    }
}
