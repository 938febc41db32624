import Testing

@testable import Access

@Suite struct `Resource policies` {
    static let stream = "arn:aws:kinesis:us-east-1:123456789012:stream/orders"

    /// A policy of one statement with some of its elements replaced.
    static func policy(_ replaced: [String: String?] = [:]) -> String {
        var elements = [
            "Sid": "\"one\"", "Effect": "\"Allow\"",
            "Principal": "{\"AWS\": \"111111111111\"}",
            "Action": "[\"kinesis:PutRecord\", \"kinesis:PutRecords\"]",
            "Resource": "\"\(stream)\"",
        ]
        for (key, value) in replaced { elements[key] = value }
        let body = elements.sorted { $0.key < $1.key }.map { "\"\($0.key)\": \($0.value)" }
        return "{\"Version\": \"2012-10-17\", \"Statement\": [{\(body.joined(separator: ", "))}]}"
    }

    private func verdict(
        _ text: String, account: String = "111111111111", action: String = "kinesis:PutRecord",
        resource: String = stream, kind: ResourcePolicy.Kind = .stream
    ) throws -> ResourcePolicy.Verdict {
        try ResourcePolicy(text).verdict(
            account: account, action: action, resource: resource, kind: kind)
    }

    @Test func `an account may do what a statement allows, and nothing else`() throws {
        #expect(try verdict(Self.policy()) == .allowed)
        #expect(try verdict(Self.policy(), account: "222222222222") == .silent)
        #expect(try verdict(Self.policy(), action: "kinesis:GetRecords") == .silent)
        #expect(try verdict(Self.policy(), resource: Self.stream + "2") == .silent)
    }

    @Test(arguments: [
        "\"*\"", "{\"AWS\": \"*\"}", "{\"AWS\": [\"111111111111\", \"222222222222\"]}",
        "{\"AWS\": \"arn:aws:iam::111111111111:root\"}",
        "{\"AWS\": [\"arn:aws:iam::111111111111:role/reader\"]}",
        "{\"AWS\": \"arn:aws-cn:sts::111111111111:assumed-role/a/b\"}",
    ])
    func `principals are accounts, ARNs of theirs, or everybody`(principal: String) throws {
        #expect(try verdict(Self.policy(["Principal": principal])) == .allowed)
    }

    @Test func `a denial outweighs what is allowed`() throws {
        let allow =
            "{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"kinesis:*\","
            + "\"Resource\":\"\(Self.stream)\"}"
        let deny =
            "{\"Effect\":\"Deny\",\"Principal\":{\"AWS\":\"111111111111\"},"
            + "\"Action\":\"kinesis:Put*\",\"Resource\":\"*\"}"
        for order in [[allow, deny], [deny, allow]] {
            let text = "{\"Statement\":[\(order.joined(separator: ","))]}"
            #expect(try verdict(text) == .denied)
            #expect(try verdict(text, action: "kinesis:GetRecords") == .allowed)
            #expect(try verdict(text, account: "333333333333") == .allowed)
        }
    }

    @Test(arguments: ["Allow", "Deny"])
    func `a pattern speaks only of what can be shared`(effect: String) throws {
        let text = Self.policy([
            "Effect": "\"\(effect)\"", "Principal": "\"*\"", "Action": "\"*\"",
            "Resource": "\"*\"",
        ])
        for action in [
            "kinesis:DeleteStream", "kinesis:PutResourcePolicy", "kinesis:DeleteResourcePolicy",
            "kinesis:SubscribeToShard",
        ] {
            #expect(try verdict(text, action: action) == .silent)
        }
        #expect(try verdict(text) == (effect == "Allow" ? .allowed : .denied))
        #expect(try verdict(text, kind: .consumer) == .silent)
        #expect(try verdict(text, action: "kinesis:SubscribeToShard", kind: .consumer) != .silent)
    }

    @Test func `nobody gets in by a condition, and a conditional denial denies`() throws {
        let condition = "{\"StringEquals\": {\"aws:PrincipalOrgID\": [\"o-1\"]}}"
        #expect(try verdict(Self.policy(["Condition": condition])) == .silent)
        #expect(
            try verdict(Self.policy(["Condition": condition, "Effect": "\"Deny\""])) == .denied)
    }

    @Test(arguments: [
        ("", "The policy is not valid JSON at byte 0"),
        ("[]", "The policy is not a JSON object"),
        ("{}", "Statement is missing"),
        ("{\"Statement\": []}", "Statement is missing"),
        ("{\"Statement\": 1}", "Statement is neither an object nor a list"),
        ("{\"Statement\": [1]}", "A statement is not a JSON object"),
        ("{\"Version\": \"2030-01-01\"}", "Version 2030-01-01 is not 2012-10-17 or 2008-10-17"),
        ("{\"Other\": 1}", "The policy has an unknown element Other"),
        (policy() + "x", "The policy is not valid JSON at byte \(policy().utf8.count)"),
        (policy(["Effect": "\"Maybe\""]), "Effect Maybe is neither Allow nor Deny"),
        (policy(["Effect": nil]), "A statement has no Effect"),
        (policy(["Principal": nil]), "A statement has no Principal"),
        (policy(["Action": nil]), "A statement has no Action"),
        (policy(["Resource": nil]), "A statement has no Resource"),
        (policy(["Action": "[]"]), "A statement has no Action"),
        (policy(["Action": "[1]"]), "Action is neither a text nor a list of them"),
        (policy(["NotAction": "\"a\""]), "A statement has an unsupported element NotAction"),
        (policy(["Condition": "1"]), "Condition is not a JSON object"),
        (policy(["Principal": "\"root\""]), "Principal root is neither * nor an object"),
        (policy(["Principal": "{}"]), "Principal names nobody"),
        (
            policy(["Principal": "{\"Service\": \"x\"}"]),
            "Principal of type Service is not supported"
        ),
        (
            policy(["Principal": "{\"AWS\": \"12345678901\"}"]),
            "Principal 12345678901 is neither an account nor an ARN of one"
        ),
        (
            policy(["Principal": "{\"AWS\": \"arn:aws:s3:::bucket\"}"]),
            "Principal arn:aws:s3:::bucket is neither an account nor an ARN of one"
        ),
    ])
    func `what is no policy is told why`(text: String, why: String) {
        do throws(ResourcePolicy.Fault) {
            _ = try ResourcePolicy(text)
            Issue.record("\(text) was taken")
        } catch {
            #expect(error.description == why)
        }
    }

    @Test func `a policy speaks of its own resource and of what can be shared`() throws {
        try ResourcePolicy(Self.policy()).check(resource: Self.stream, kind: .stream)
        try ResourcePolicy(Self.policy(["Action": "\"kinesis:*\"", "Resource": "\"*\""]))
            .check(resource: Self.stream, kind: .stream)
        for (changed, kind) in [
            (["Resource": "\"\(Self.stream)x\""], ResourcePolicy.Kind.stream),
            (["Action": "\"kinesis:DeleteStream\""], .stream),
            (["Action": "\"s3:GetObject\""], .stream), ([:], .consumer),
        ] as [([String: String?], ResourcePolicy.Kind)] {
            #expect(throws: ResourcePolicy.Fault.self) {
                try ResourcePolicy(Self.policy(changed)).check(resource: Self.stream, kind: kind)
            }
        }
    }

    @Test(arguments: [
        ("", "", true), ("*", "", true), ("?", "", false), ("a*c", "abbc", true),
        ("a*c", "abb", false), ("*b*", "abc", true), ("a?c", "abc", true), ("a?c", "ac", false),
        ("**a", "bba", true), ("kinesis:Put*", "kinesis:PutRecord", true), ("abc", "ab", false),
        ("a*b*c*d", "axxbxxcxx", false),
    ])
    func `patterns`(pattern: String, text: String, isMatch: Bool) {
        #expect(matches(pattern, text) == isMatch)
    }
}
