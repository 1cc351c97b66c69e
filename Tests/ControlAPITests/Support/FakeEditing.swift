import CallModel
import EdgeProtocols
import Synchronization

/// Applications and users in memory, with the rule of unique user names.
final class FakeEditing: DirectoryEditing {
    private struct State {
        var applications: [ApplicationID: ApplicationRecord] = [:]
        var users: [UserID: UserRecord] = [:]
    }
    private let state = Mutex(State())

    var applications: [ApplicationRecord] { state.withLock { Array($0.applications.values) } }

    func application(_ id: ApplicationID) -> ApplicationRecord? { state.withLock { $0.applications[id] } }
    func users(of application: ApplicationID) -> [UserRecord] {
        state.withLock { $0.users.values.filter { $0.application == application } }
    }
    func save(_ application: ApplicationRecord) async throws(CommandFault) {
        state.withLock { $0.applications[application.id] = application }
    }
    func save(_ user: UserRecord) async throws(CommandFault) {
        let isTaken = state.withLock { state in
            if user.name == "kiosk" || state.users.values.contains(where: { $0.name == user.name && $0.id != user.id })
            {
                return true
            }
            state.users[user.id] = user
            return false
        }
        if isTaken { throw CommandFault(.conflict, "A user named '\(user.name)' exists") }
    }
    func remove(_ application: ApplicationID) async throws(CommandFault) {
        state.withLock { $0.applications[application] = nil }
    }
    func remove(_ user: UserRecord) async throws(CommandFault) { state.withLock { $0.users[user.id] = nil } }
    func makeKeys(of application: ApplicationID) async throws(CommandFault) -> (privatePEM: String, publicPEM: String) {
        ("private of \(application)", "public of \(application)")
    }
    func isPublicKey(_ pem: String) -> Bool { pem.hasPrefix("PEM") }
}
