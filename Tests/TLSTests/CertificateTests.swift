import Foundation
import Testing
import TestSupport
import TLS

struct CertificateTests {
    /// Runs `openssl`, and gives what it wrote and how it ended.
    private func openssl(_ arguments: [String]) throws -> (text: String, status: Int32) {
        try run(["openssl"] + arguments)
    }

    private func withFolder<R>(_ body: (TemporaryFolder) throws -> R) throws -> R {
        try body(TemporaryFolder.made("certificates"))
    }

    /// Checks the certificate for a purpose and a name as strict clients do.
    private func verify(
        _ chain: [UInt8], _ authority: CertificateAuthority, _ more: [String]
    ) throws -> (text: String, status: Int32) {
        try withFolder { folder in
            let trust = try folder.write(authority.certificatePEM, to: "ca.pem")
            let leaf = try folder.write(chain, to: "leaf.pem")
            return try openssl(["verify", "-x509_strict", "-CAfile", trust] + more + [leaf])
        }
    }

    @Test(arguments: [
        ["-verify_hostname", "localhost"], ["-verify_hostname", "node_1.example.test"],
        ["-verify_hostname", "a.wild.test"], ["-verify_ip", "127.0.0.1"], ["-verify_ip", "::1"],
    ])
    func `strict verification accepts a server's certificate for each of its names`(
        _ name: [String]
    ) throws {
        let authority = try Fixture.authority.get()
        let issued = try authority.issue(
            names: ["localhost", "node_1.example.test", "*.wild.test"],
            addresses: ["127.0.0.1", "::1"], now: now)
        let result = try verify(
            issued.certificateChainPEM, authority, ["-purpose", "sslserver"] + name)
        #expect(result.status == 0, "\(result.text)")
    }

    @Test func `strict verification refuses what the certificate is not for`() throws {
        let authority = try Fixture.authority.get()
        let issued = try authority.issue(names: ["localhost"], addresses: [], now: now)
        for wrong in [
            ["-verify_hostname", "other.test"], ["-verify_ip", "127.0.0.1"],
            ["-purpose", "sslclient"],
        ] {
            #expect(try verify(issued.certificateChainPEM, authority, wrong).status != 0)
        }
        let other = try CertificateAuthority.create(now: now)
        #expect(try verify(issued.certificateChainPEM, other, []).status != 0)
    }

    @Test func `a client's certificate is for clients only`() throws {
        let authority = try Fixture.authority.get()
        let issued = try authority.issueClient(commonName: "producer 1, ø", now: now)
        let chain = issued.certificateChainPEM
        #expect(try verify(chain, authority, ["-purpose", "sslclient"]).status == 0)
        #expect(try verify(chain, authority, ["-purpose", "sslserver"]).status != 0)
    }

    @Test func `the authority may sign certificates, and nothing below it may`() throws {
        let authority = try Fixture.authority.get()
        let text = try withFolder { folder in
            let file = try folder.write(authority.certificatePEM, to: "ca.pem")
            return try openssl(["x509", "-in", file, "-noout", "-text"]).text
        }
        #expect(text.contains("CA:TRUE, pathlen:0"))
        #expect(text.contains("Certificate Sign, CRL Sign"))
        #expect(text.contains("X509v3 Subject Key Identifier"))
        #expect(text.contains("NIST CURVE: P-256"))
        #expect(text.contains("ecdsa-with-SHA256"))
    }

    @Test func `a server's certificate says what it is for`() throws {
        let issued = try Fixture.authority.get().issue(
            names: ["localhost"], addresses: ["127.0.0.1", "::1"], now: now)
        let text = try withFolder { folder in
            let file = try folder.write(issued.certificateChainPEM, to: "leaf.pem")
            return try openssl(["x509", "-in", file, "-noout", "-text"]).text
        }
        #expect(text.contains("CA:FALSE"))
        #expect(text.contains("Digital Signature"))
        #expect(text.contains("TLS Web Server Authentication"))
        #expect(text.contains("DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1"))
        #expect(text.contains("X509v3 Authority Key Identifier"))
        #expect(text.contains("X509v3 Subject Key Identifier"))
        #expect(text.contains("Version: 3"))
    }

    /// A node may make its certificates while its clock is wrong; clients see them by theirs.
    @Test(arguments: [-1, 0, 86_400, 29 * 86_400])
    func `clients accept certificates that a clock ahead has made`(_ ahead: Int64) throws {
        let authority = try CertificateAuthority.create(now: now + ahead)
        let issued = try authority.issue(names: ["localhost"], addresses: [], now: now + ahead)
        let result = try verify(issued.certificateChainPEM, authority, ["-attime", "\(now)"])
        #expect(result.status == 0, "\(result.text)")
    }

    @Test(arguments: [Int64(0), 1_000_000_000, 3_000_000_000])
    func `an authority of any clock is valid for the certificates of the right one`(
        _ wrong: Int64
    ) throws {
        let authority = try CertificateAuthority.create(now: wrong)
        let issued = try authority.issue(names: ["localhost"], addresses: [], now: now)
        let result = try verify(issued.certificateChainPEM, authority, ["-attime", "\(now)"])
        #expect(result.status == 0, "\(result.text)")
    }

    @Test func `validity begins before now and ends when it should, within the authority's`()
        throws
    {
        let start: Int64 = 1_800_000_000
        let authority = try CertificateAuthority.create(now: start)
        let issued = try authority.issue(names: ["a"], addresses: [], now: start)
        let identity = try Identity(
            certificateChainPEM: issued.certificateChainPEM, privateKeyPEM: issued.privateKeyPEM)
        #expect(identity.validUntilSeconds == start + 367 * 86_400)
        let root = try Identity(
            certificateChainPEM: authority.certificatePEM, privateKeyPEM: authority.privateKeyPEM)
        #expect(identity.validFromSeconds == start - 30 * 86_400)
        #expect(root.validUntilSeconds == start + 3_650 * 86_400)
        #expect(root.validFromSeconds == 1_767_225_600)
        let late = try authority.issue(
            names: ["a"], addresses: [], now: start + 3_600 * 86_400)
        let lateIdentity = try Identity(
            certificateChainPEM: late.certificateChainPEM, privateKeyPEM: late.privateKeyPEM)
        #expect(lateIdentity.validUntilSeconds == root.validUntilSeconds)
    }

    @Test func `serial numbers are positive, long and different`() throws {
        let authority = try Fixture.authority.get()
        var seen: Set<String> = []
        for _ in 0..<8 {
            let issued = try authority.issue(names: ["a"], addresses: [], now: now)
            let text = try withFolder { folder in
                let file = try folder.write(issued.certificateChainPEM, to: "leaf.pem")
                return try openssl(["x509", "-in", file, "-noout", "-serial"]).text
            }
            let digits = text.split(separator: "=").last?.trimmingCharacters(in: .newlines) ?? ""
            #expect(digits.count == 32)
            #expect(("4"..."7").contains(digits.prefix(1)))
            seen.insert(digits)
        }
        #expect(seen.count == 8)
    }

    @Test func `an authority read back from its files issues certificates that its clients accept`()
        throws
    {
        let original = try CertificateAuthority.create(now: now)
        let restored = try CertificateAuthority(
            certificatePEM: original.certificatePEM, privateKeyPEM: original.privateKeyPEM)
        let link = try Link(
            client: clientContext(trust: original.certificatePEM),
            server: serverContext(identity: makeIdentity(restored)))
        link.settle()
        #expect(link.client.connection.progress == .open)
    }

    @Test(arguments: [
        "", ".", "a..b", "-a", "a-", "a,DNS:evil.test", "a b", "ä.test", "*", "*.test", "a.*.test",
        String(repeating: "a", count: 64), String(repeating: "a.", count: 130) + "a",
    ])
    func `what cannot be a host name is refused`(_ name: String) throws {
        let authority = try Fixture.authority.get()
        #expect(throws: TLSError.self) {
            _ = try authority.issue(names: [name], addresses: [], now: now)
        }
    }

    @Test(arguments: ["", "localhost", "127.0.0.1,DNS:evil.test", "256.0.0.1", "::g"])
    func `what cannot be an address is refused`(_ address: String) throws {
        let authority = try Fixture.authority.get()
        #expect(throws: TLSError.self) {
            _ = try authority.issue(names: ["localhost"], addresses: [address], now: now)
        }
    }

    @Test func `a certificate without any name is refused`() throws {
        let authority = try Fixture.authority.get()
        #expect(throws: TLSError(reason: "a server's certificate needs a name")) {
            _ = try authority.issue(names: [], addresses: [], now: now)
        }
    }

    @Test func `a key that belongs to another certificate is refused`() throws {
        let authority = try Fixture.authority.get()
        let first = try authority.issue(names: ["a"], addresses: [], now: now)
        let second = try authority.issue(names: ["a"], addresses: [], now: now)
        #expect(
            throws: TLSError(reason: "the private key does not belong to the certificate")
        ) {
            _ = try Identity(
                certificateChainPEM: first.certificateChainPEM,
                privateKeyPEM: second.privateKeyPEM)
        }
    }

    @Test func `files that hold something else are refused with what is missing`() throws {
        let authority = try Fixture.authority.get()
        let issued = try authority.issue(names: ["a"], addresses: [], now: now)
        let noise = [UInt8]("nothing of use\n".utf8)
        #expect(throws: TLSError(reason: "there is no certificate in the file")) {
            _ = try Identity(certificateChainPEM: noise, privateKeyPEM: issued.privateKeyPEM)
        }
        #expect(throws: TLSError(reason: "there is no certificate in the file")) {
            _ = try TLSContext(client: [], alpn: [])
        }
        #expect(throws: TLSError.self) {
            _ = try Identity(
                certificateChainPEM: issued.certificateChainPEM, privateKeyPEM: noise)
        }
        // Cut within the base64 text.
        #expect(throws: TLSError.self) {
            _ = try Identity(
                certificateChainPEM: Array(issued.certificateChainPEM.prefix(200)),
                privateKeyPEM: issued.privateKeyPEM)
        }
    }

    @Test func `an encrypted key is an error, and nobody is asked for its password`() throws {
        let issued = try Fixture.authority.get().issue(names: ["a"], addresses: [], now: now)
        let encrypted = try withFolder { folder in
            let key = try folder.write(issued.privateKeyPEM, to: "key.pem")
            let target = folder.url("encrypted.pem")
            let result = try openssl([
                "pkcs8", "-topk8", "-v2", "aes-256-cbc", "-passout", "pass:secret", "-in", key,
                "-out", target.path,
            ])
            #expect(result.status == 0, "\(result.text)")
            return [UInt8](try Data(contentsOf: target))
        }
        #expect(throws: TLSError.self) {
            _ = try Identity(
                certificateChainPEM: issued.certificateChainPEM, privateKeyPEM: encrypted)
        }
    }

    @Test func `an RSA identity of somebody's own works`() throws {
        let (certificate, key) = try withFolder { folder in
            let certificate = folder.url("cert.pem")
            let key = folder.url("key.pem")
            let result = try openssl([
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=own",
                "-addext", "subjectAltName=DNS:own.test", "-keyout", key.path, "-out",
                certificate.path,
            ])
            #expect(result.status == 0, "\(result.text)")
            return (
                [UInt8](try Data(contentsOf: certificate)), [UInt8](try Data(contentsOf: key))
            )
        }
        let identity = try Identity(certificateChainPEM: certificate, privateKeyPEM: key)
        let link = try Link(
            client: clientContext(trust: certificate), server: serverContext(identity: identity),
            serverName: "own.test")
        link.settle()
        #expect(link.client.connection.progress == .open)
    }

    /// Runs the script that makes certificates for development.
    private func makeDevCerts(_ arguments: [String]) throws -> Int32 {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        return try run(["certs/make-dev-certs"] + arguments, in: root.path).status
    }

    @Test func `certificates of the development script work for every name given`() throws {
        try withFolder { folder in
            let status = try makeDevCerts([folder.path, "stream.test", "10.1.2.3", "fe80::1"])
            #expect(status == 0)
            func bytes(_ name: String) throws -> [UInt8] {
                [UInt8](try Data(contentsOf: folder.url(name)))
            }
            let server = try Identity(
                certificateChainPEM: bytes("server.pem"), privateKeyPEM: bytes("server-key.pem"))
            let names = ["localhost", "127.0.0.1", "::1", "stream.test", "10.1.2.3", "fe80::1"]
            for name in names {
                let link = try Link(
                    client: clientContext(trust: bytes("ca.pem")),
                    server: serverContext(identity: server), serverName: name)
                link.settle()
                #expect(link.client.connection.progress == .open, "\(name)")
            }
            let mode = try FileManager.default.attributesOfItem(
                atPath: folder.url("ca-key.pem").path)[.posixPermissions]
            #expect(mode as? Int == 0o600)
            let second = try makeDevCerts([folder.path])
            #expect(second != 0, "nothing is overwritten")
        }
    }

    @Test func `the development script refuses what is no name`() throws {
        #expect(try makeDevCerts([]) != 0)
        let status = try withFolder { folder in
            try makeDevCerts([folder.url("new").path, "a,DNS:b"])
        }
        #expect(status != 0)
    }
}
