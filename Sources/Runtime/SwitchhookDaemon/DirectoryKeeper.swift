import CallModel
import ControlAPI
import ConversationRuntime
import EdgeProtocols
import Synchronization
import Tokens
import WireJSON

/// The directory in force: what the configuration declares and what the API has made, as one.
///
/// - Threading: any. Every change is put into the switchboard under the lock, so that none overtakes another.
final class DirectoryKeeper: DirectoryEditing {
    /// An id or name of the configuration that the API has given away already.
    struct Clash: Error, CustomStringConvertible {
        let description: String
    }

    private struct State {
        var configured: Directory
        var settings: RuntimeSettings
        var applications: [ApplicationID: ApplicationRecord] = [:]
        var users: [UserID: UserRecord] = [:]
        var switchboard: Switchboard?
    }

    private let records: any DirectoryRecords
    private let secrets: Secrets
    private let state: Mutex<State>

    init(records: any DirectoryRecords, secrets: Secrets, configured: Directory, settings: RuntimeSettings) {
        self.records = records
        self.secrets = secrets
        state = Mutex(State(configured: configured, settings: settings))
    }

    /// Reads what a former run has kept and puts the whole into the switchboard.
    func start(_ switchboard: Switchboard) async throws {
        let (applications, users) = (try await records.applicationRecords(), try await records.userRecords())
        try state.withLock { state in
            state.applications = Dictionary(uniqueKeysWithValues: applications.map { ($0.id, $0) })
            state.users = Dictionary(uniqueKeysWithValues: users.map { ($0.id, $0) })
            state.switchboard = switchboard
            try Self.check(state.configured, state)
            Self.apply(state)
        }
    }

    /// Takes over a new configuration; nothing changes when it clashes.
    func use(_ configured: Directory, _ settings: RuntimeSettings) throws {
        try state.withLock { state in
            try Self.check(configured, state)
            state.configured = configured
            state.settings = settings
            Self.apply(state)
        }
    }

    private static func check(_ configured: Directory, _ state: State) throws {
        for application in configured.applications.values {
            let place = application.declaredAt ?? "the configuration"
            for record in state.applications.values where record.id == application.id || record.name == application.name
            {
                throw Clash(
                    description:
                        "\(place): application \(application.name) was made by API already, as \(record.id): rename it here, or delete that one"
                )
            }
        }
        for record in state.users.values {
            if let user = configured.users[record.name] {
                throw Clash(
                    description:
                        "\(user.declaredAt ?? "the configuration"): user \(user.name) was made by API already, as \(record.id): rename it here, or delete that one"
                )
            }
        }
    }

    private static func apply(_ state: State) {
        var directory = state.configured
        for record in state.applications.values {
            directory.applications[record.id] = ApplicationDocument.application(record)
        }
        for record in state.users.values {
            var user = UserAccount(name: record.name)
            user.id = record.id
            user.displayName = record.document["display_name"]?.string
            user.applications = [record.application.text]
            directory.apiUsers[record.application, default: [:]][record.name] = user
        }
        state.switchboard?.reload(directory: directory, settings: state.settings)
    }

    // MARK: What the API reads and changes

    func application(_ id: ApplicationID) -> ApplicationRecord? { state.withLock { $0.applications[id] } }

    func users(of application: ApplicationID) -> [UserRecord] {
        state.withLock { $0.users.values.filter { $0.application == application } }
    }

    func save(_ record: ApplicationRecord) async throws(CommandFault) {
        // The name is taken before the disk is asked, so that two requests cannot both have it.
        let (former, conflict) = state.withLock { state -> (ApplicationRecord?, CommandFault?) in
            if let taken = state.configured.applications.values.first(where: { $0.name == record.name }) {
                let place = taken.declaredAt ?? "the configuration"
                return (nil, CommandFault(.conflict, "The application '\(record.name)' is declared in \(place)"))
            }
            let former = state.applications.updateValue(record, forKey: record.id)
            return (former, nil)
        }
        if let conflict {
            discardKeys(of: record.id)
            throw conflict
        }
        do { try await records.put(record) } catch {
            state.withLock { $0.applications[record.id] = former }
            discardKeys(of: record.id)
            throw CommandFault(.overloaded, "the application cannot be written: \(error)")
        }
        state.withLock { Self.apply($0) }
    }

    /// Keys that were made for an application which then could not be saved.
    private func discardKeys(of application: ApplicationID) {
        if state.withLock({ $0.applications[application] }) == nil { secrets.removeKeys(of: application) }
    }

    func save(_ record: UserRecord) async throws(CommandFault) {
        let (former, conflict) = state.withLock { state -> (UserRecord?, CommandFault?) in
            let isTaken =
                state.configured.users[record.name] != nil
                || state.users.values.contains {
                    $0.application == record.application && $0.name == record.name && $0.id != record.id
                }
            if isTaken { return (nil, CommandFault(.conflict, "A user named '\(record.name)' exists")) }
            return (state.users.updateValue(record, forKey: record.id), nil)
        }
        if let conflict { throw conflict }
        do { try await records.put(record) } catch {
            state.withLock { $0.users[record.id] = former }
            throw CommandFault(.overloaded, "the user cannot be written: \(error)")
        }
        state.withLock { Self.apply($0) }
    }

    func remove(_ application: ApplicationID) async throws(CommandFault) {
        do { try await records.remove(application) } catch {
            throw CommandFault(.overloaded, "the application cannot be removed: \(error)")
        }
        state.withLock { state in
            state.applications[application] = nil
            state.users = state.users.filter { $0.value.application != application }
            Self.apply(state)
        }
        secrets.removeKeys(of: application)
    }

    func remove(_ user: UserRecord) async throws(CommandFault) {
        do { try await records.remove(user.id) } catch {
            throw CommandFault(.overloaded, "the user cannot be removed: \(error)")
        }
        state.withLock { state in
            state.users[user.id] = nil
            Self.apply(state)
        }
    }

    func makeKeys(of application: ApplicationID) async throws(CommandFault) -> (privatePEM: String, publicPEM: String) {
        do { return try secrets.makeKeys(of: application) } catch {
            throw CommandFault(.overloaded, "\(error)")
        }
    }

    func isPublicKey(_ pem: String) -> Bool { RSAKeyPair.isPublicKey(pem) }
}
