import EventStore
import Foundation
import GRDB
import Testing

@Suite struct OpeningTests {
    private let folder = Folder()

    @Test("a second daemon on one state folder is refused and the first is named")
    func locked() throws {
        let store = try EventStore(folder)
        let fault = try #require(throws: StoreFault.self) { try EventStore(folder) }
        #expect(fault.code == .locked)
        #expect(fault.description.contains("process \(ProcessInfo.processInfo.processIdentifier)"))
        #expect(store.newestAtOpen == 0)
    }

    @Test("a folder that cannot be made is named")
    func noFolder() throws {
        try Data().write(to: URL(filePath: folder.path))
        let fault = try #require(throws: StoreFault.self) {
            try EventStore(path: folder.path + "/state", logger: Sample.logger)
        }
        #expect(fault.code == .noFolder)
        #expect(fault.description.contains(folder.path))
        #expect(!fault.description.contains("\n"))
    }

    @Test("a file that is no database is left alone")
    func notADatabase() throws {
        try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
        let file = folder.path + "/switchhook.sqlite"
        let text = String(repeating: "not a database ", count: 400)
        try text.write(toFile: file, atomically: true, encoding: .utf8)
        let fault = try #require(throws: StoreFault.self) { try EventStore(folder) }
        #expect(fault.code == .notADatabase)
        #expect(try String(contentsOfFile: file, encoding: .utf8) == text)
    }

    @Test("a log of a newer version is refused")
    func newer() async throws {
        try await EventStore(folder).close()
        let queue = try DatabaseQueue(path: folder.path + "/switchhook.sqlite")
        try await queue.write { db in
            try db.execute(sql: "INSERT INTO grdb_migrations (identifier) VALUES ('999 from the future')")
        }
        try queue.close()
        let fault = try #require(throws: StoreFault.self) { try EventStore(folder) }
        #expect(fault.code == .newerSchema)
    }
}
