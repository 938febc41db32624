internal import Glibc
internal import System

/// Whether everything in a log's folder is what was written.
public struct LogVerification: Sendable {
    public let inspection: LogInspection
    /// What is not, in the order in which it was found; and notes.
    public let findings: [LogFinding]
    /// Records whose checksum was found right, and the bytes that were read for it.
    public let records: UInt64
    public let bytes: UInt64

    public var isDamaged: Bool { findings.contains { $0.weight == .damage } }
}

extension LogFolder {
    /// Reads everything that counts and verifies it: the checksums of the small files, of all batches
    /// and all records, of the segments' headers and index files; that batch numbers and indices go
    /// on without a gap; and that everything is there of which snapshot, journal and ledger say so.
    /// Waits for the disk, and writes nothing.
    ///
    /// What nobody was told of, such as the torn end of a journal, counts for nothing and is not
    /// looked at. Of a folder in use, what was found wrong is looked at twice.
    /// - Parameter progress: is told now and then how many of how many bytes have been read.
    public func verify(
        progress: @escaping (_ bytes: UInt64, _ of: UInt64) -> Void = { _, _ in }
    ) throws(LogError) -> LogVerification {
        let survey = try FolderSurvey.taken(of: self, check: .all)
        var verifier = SegmentVerifier(survey, progress)
        for state in survey.shards { verifier.verify(state) }
        let suspects = verifier.suspects
        var findings = survey.findings
        var latest = survey
        let isMoving = try reading(path) { () throws(SystemError) in try isInUse() }
        if !suspects.isEmpty, isMoving {
            // The server may have moved what was looked at.
            usleep(FolderSurvey.pauseMicroseconds)
            latest = try FolderSurvey.taken(of: self, check: .all)
            findings = latest.findings
            var again = SegmentVerifier(latest, { _, _ in })
            for state in latest.shards
            where suspects.contains(state.description.number.rawValue) {
                again.verify(state)
            }
            findings += again.findings
        } else {
            findings += verifier.findings
        }
        return LogVerification(
            inspection: latest.inspection(), findings: findings, records: verifier.records,
            bytes: survey.journal.bytes + verifier.bytes)
    }
}
