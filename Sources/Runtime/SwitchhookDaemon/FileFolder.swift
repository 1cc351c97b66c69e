import CallModel
import EventStore
import Foundation
import Logging
import MediaTime

/// The folder of recorded files, and the log's rows that say what they are.
struct FileFolder: Sendable {
    let path: String
    let store: EventStore
    let logger: Logger

    /// Makes the folder and deletes what no row tells of: what a former run had not completed.
    ///
    /// - Returns: bytes of the files that are left.
    func open() async throws -> Int64 {
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o750])
        let known = Set(try await store.files().map(\.name))
        for name in try FileManager.default.contentsOfDirectory(atPath: path) where !known.contains(name) {
            logger.warning("incomplete recording of a former run deleted", metadata: ["file": "\(name)"])
            delete(name)
        }
        return try await store.fileBytes()
    }

    /// Deletes files that ended before `limit`, their rows first.
    ///
    /// - Returns: bytes of the files that are left.
    func prune(before limit: WallTime) async throws -> Int64 {
        let old = try await store.forgetFiles(before: limit)
        for file in old { delete(file.name) }
        if !old.isEmpty { logger.info("recordings deleted by age", metadata: ["files": "\(old.count)"]) }
        return try await store.fileBytes()
    }

    private func delete(_ name: String) {
        do { try FileManager.default.removeItem(atPath: path + "/" + name) } catch CocoaError.fileNoSuchFile {} catch {
            logger.error("recording cannot be deleted", metadata: ["file": "\(name)", "error": "\(error)"])
        }
    }
}
