import Catalog
import ShardLog
import System

/// A data folder, looked at without a server: what `weir inspect` and `weir verify` do. Nothing is
/// written, and nothing is refused that a reader could still use.
public struct DataFolder: Sendable {
    private let log: LogFolder

    /// - Parameter path: what `weir serve --data` names, or the log's folder in it.
    public init(_ path: String) {
        let files = RealFileSystem()
        var folder = path + "/log"
        do throws(SystemError) {
            _ = try files.list(folder)
        } catch {
            if error.isMissing { folder = path }
        }
        log = LogFolder(folder, files: files)
    }

    /// What is in the folder. Waits for the disk.
    public func inspect() throws(FolderFailure) -> FolderInspection {
        do throws(LogError) {
            let inspection = try log.inspect()
            let catalog = FolderCatalog(inspection)
            return FolderInspection(
                log: inspection, catalog: catalog,
                findings: (inspection.findings + catalog.problems).map { catalog.rendered($0) })
        } catch {
            throw FolderFailure(description: "\(error)")
        }
    }

    /// Whether all of it is what was written. Waits for the disk.
    /// - Parameter progress: is told now and then how many of how many bytes have been read.
    public func verify(
        progress: @escaping (_ bytes: UInt64, _ of: UInt64) -> Void = { _, _ in }
    ) throws(FolderFailure) -> FolderVerification {
        do throws(LogError) {
            let verification = try log.verify(progress: progress)
            let catalog = FolderCatalog(verification.inspection)
            let findings = verification.findings + catalog.problems
            return FolderVerification(
                folder: verification.inspection.folder, isInUse: verification.inspection.isInUse,
                records: verification.records, bytes: verification.bytes,
                batches: verification.inspection.journal.reduce(0) { $0 + $1.batches.count },
                findings: findings.map { catalog.rendered($0) })
        } catch {
            throw FolderFailure(description: "\(error)")
        }
    }
}

/// Why nothing can be said of a folder: it is not there, or a newer program's.
public struct FolderFailure: Error, Sendable, CustomStringConvertible {
    public let description: String
}
