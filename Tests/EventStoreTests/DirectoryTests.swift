import CallModel
import EdgeProtocols
import EventStore
import Foundation
import MediaTime
import Testing
import WireJSON

@Suite("applications and users in the store") struct DirectoryTests {
    private let folder = Folder()

    private func application(_ name: String, created: Int64 = 1) -> ApplicationRecord {
        ApplicationRecord(
            id: ApplicationID(UUIDText.random()), name: name, document: ["capabilities": ["voice": ["x": 1]]],
            publicKeyPEM: "PEM of \(name)", created: WallTime(milliseconds: created))
    }

    private func user(_ name: String, of application: ApplicationID) -> UserRecord {
        UserRecord(
            id: .make(), application: application, name: name, document: ["properties": ["custom_data": ["Ü": "ß"]]],
            created: WallTime(milliseconds: 5))
    }

    @Test("what was put is read back after the store was opened anew")
    func kept() async throws {
        var (first, second) = (application("b", created: 2), application("a", created: 1))
        let ann = user("ann", of: first.id)
        do {
            let store = try EventStore(folder)
            try await store.put(first)
            try await store.put(second)
            try await store.put(ann)
            first.name = "renamed"
            first.document = [:]
            try await store.put(first)
            try await store.close()
        }
        let store = try EventStore(folder)
        #expect(try await store.applicationRecords() == [second, first])
        #expect(try await store.userRecords() == [ann])
        second.publicKeyPEM = "other"
        try await store.put(second)
        #expect(try await store.applicationRecords().first?.publicKeyPEM == "other")
    }

    @Test("an application takes its users along, a user goes alone")
    func removed() async throws {
        let store = try EventStore(folder)
        let (first, second) = (application("a"), application("b"))
        let users = [user("ann", of: first.id), user("ann", of: second.id), user("bob", of: second.id)]
        for record in [first, second] { try await store.put(record) }
        for record in users { try await store.put(record) }
        try await store.remove(first.id)
        #expect(try await store.applicationRecords() == [second])
        #expect(try await Set(store.userRecords().map(\.id)) == Set(users.dropFirst().map(\.id)))
        try await store.remove(users[1].id)
        #expect(try await store.userRecords() == [users[2]])
    }

    @Test("one name twice in an application is refused, in two applications it is not")
    func names() async throws {
        let store = try EventStore(folder)
        let (first, second) = (ApplicationID("a"), ApplicationID("b"))
        try await store.put(user("ann", of: first))
        try await store.put(user("ann", of: second))
        await #expect(throws: (any Error).self) { try await store.put(user("ann", of: first)) }
        #expect(try await store.userRecords().count == 2)
    }
}
