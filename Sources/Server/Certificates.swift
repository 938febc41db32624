import ShardLog
import System
import TLS

/// The server's identity: the user's own files, or a private CA and a certificate of ours under
/// `DIR/tls`, made at the first start.
///
/// `ca.pem` is what clients trust and stays the same; the server certificate is issued anew when
/// it is about to expire, and when it is not valid yet because the clock was ahead. The process's
/// umask keeps the keys to the server's user.
///
/// What time it is, is given as two clocks say, the system's and the log's, in seconds since 1970:
/// they differ while the system's is not believed. Since either may be the one that clients have, a
/// certificate is valid by both.
struct Certificates: Sendable {
    let configuration: ServerConfiguration
    let files: any FileSystem

    /// A certificate of ours with less time left than this is issued anew.
    static let renewalSeconds: Int64 = 30 * 86_400
    /// What browsers and Apple's systems accept at most. One that lasts longer was issued while the
    /// clocks disagreed, and is issued anew when they do no more.
    static let longestSeconds: Int64 = 398 * 86_400
    /// Clocks that are nearer than this agree.
    private static let agreementSeconds: Int64 = 86_400

    private var folder: String { configuration.dataFolder + "/tls" }

    /// Where clients find the certificate to trust, if it is ours.
    var authorityPath: String? {
        configuration.certificateFiles == nil ? folder + "/ca.pem" : nil
    }

    /// Whether an identity of ours is to be issued anew. A user's own is the user's to replace.
    func isDue(_ identity: Identity, now: ClosedRange<Int64>) -> Bool {
        guard configuration.certificateFiles == nil else { return false }
        let (start, end) = (identity.validFromSeconds, identity.validUntilSeconds)
        let isTooLong =
            end - start > Self.longestSeconds
            && now.upperBound - now.lowerBound < Self.agreementSeconds
        return start > now.lowerBound || end <= now.upperBound + Self.renewalSeconds || isTooLong
    }

    /// Reads, or makes, the certificates.
    func load(now: ClosedRange<Int64>) throws(StartFailure) -> Identity {
        if let own = configuration.certificateFiles {
            return try identity(
                certificate: try readOwn(own.certificate, option: "--cert"),
                key: try readOwn(own.key, option: "--key"),
                named: "\(own.certificate) and \(own.key)")
        }
        try attempt { () throws(SystemError) in try files.makeFolder(folder) }
        let certificate = try attempt { () throws(SystemError) in
            try files.contents(of: folder + "/server.pem")
        }
        let key = try attempt { () throws(SystemError) in
            try files.contents(of: folder + "/server-key.pem")
        }
        if let certificate, let key {
            let found = try identity(certificate: certificate, key: key, named: folder)
            if !isDue(found, now: now) { return found }
        }
        return try issue(now: now)
    }

    private func attempt<Value>(
        _ work: () throws(SystemError) -> Value
    ) throws(StartFailure) -> Value {
        do throws(SystemError) {
            return try work()
        } catch {
            throw StartFailure("\(folder): \(error)")
        }
    }

    /// Issues a server certificate, with a new authority if there is none yet.
    private func issue(now: ClosedRange<Int64>) throws(StartFailure) -> Identity {
        var names = ["localhost"]
        if let host = Machine.hostName(files), host != "localhost" { names.append(host) }
        do {
            let authority: CertificateAuthority
            if let certificate = try files.contents(of: folder + "/ca.pem"),
                let key = try files.contents(of: folder + "/ca-key.pem")
            {
                authority = try CertificateAuthority(
                    certificatePEM: certificate, privateKeyPEM: key)
            } else {
                authority = try CertificateAuthority.create(now: now.upperBound)
                try files.replace("ca-key.pem", in: folder, with: authority.privateKeyPEM)
                try files.replace("ca.pem", in: folder, with: authority.certificatePEM)
            }
            let issued: CertificateAuthority.Issued
            do {
                issued = try authority.issue(
                    names: names, addresses: ["127.0.0.1", "::1"], now: now)
            } catch {
                // A host name that no certificate can carry; localhost is what matters.
                issued = try authority.issue(
                    names: ["localhost"], addresses: ["127.0.0.1", "::1"], now: now)
            }
            try files.replace("server-key.pem", in: folder, with: issued.privateKeyPEM)
            try files.replace("server.pem", in: folder, with: issued.certificateChainPEM)
            return try Identity(
                certificateChainPEM: issued.certificateChainPEM,
                privateKeyPEM: issued.privateKeyPEM)
        } catch {
            throw StartFailure("\(folder): the server's certificate cannot be made: \(error)")
        }
    }

    private func readOwn(_ path: String, option: String) throws(StartFailure) -> [UInt8] {
        let found: [UInt8]?
        do throws(SystemError) {
            found = try files.contents(of: path)
        } catch {
            throw StartFailure("\(option) \(path) cannot be read: \(error)")
        }
        guard let found else { throw StartFailure("\(option) \(path): there is no such file.") }
        return found
    }

    private func identity(
        certificate: [UInt8], key: [UInt8], named name: String
    ) throws(StartFailure) -> Identity {
        do throws(TLSError) {
            return try Identity(certificateChainPEM: certificate, privateKeyPEM: key)
        } catch {
            throw StartFailure(
                "\(name): not a PEM certificate chain and its private key: \(error)")
        }
    }
}
