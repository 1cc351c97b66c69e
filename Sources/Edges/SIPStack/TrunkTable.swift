import CallModel
import MediaTime

/// One trunk's registration; `handle` is C's, alive while it is in the table.
struct TrunkRegistration {
    var trunk: Trunk
    let number: UInt64
    let handle: Handle
    var schedule: RegistrationSchedule
    /// Un-registering: removed when the answer comes.
    var isLeaving = false
}

/// Trunks, their credentials and registrations. Credentials are found by account number, which calls carry with them
/// so that a BYE can still be authenticated after its dialog has left the tables.
struct TrunkTable {
    private var accounts: [String: UInt32] = [:]
    private var credentials: [UInt32: TrunkCredentials] = [:]
    private(set) var trunks: [String: Trunk] = [:]
    private(set) var registrations: [UInt64: TrunkRegistration] = [:]
    private var nextRegistration: UInt64 = 1

    init(_ trunks: [Trunk]) { replace(trunks) }

    /// Returns the registrations that no longer fit.
    @discardableResult
    mutating func replace(_ new: [Trunk]) -> [TrunkRegistration] {
        trunks = Dictionary(new.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        for trunk in new where accounts[trunk.name] == nil {
            accounts[trunk.name] = UInt32(accounts.count + 1)
        }
        for (name, account) in accounts {
            guard let trunk = trunks[name], let username = trunk.username, let password = trunk.password else {
                credentials[account] = nil
                continue
            }
            if credentials[account]?.username != username || credentials[account]?.password != password {
                credentials[account] = TrunkCredentials(username: username, password: password)
            }
        }
        return registrations.values.filter { !$0.isLeaving && !Self.fits($0.trunk, trunks[$0.trunk.name]) }
    }

    private static func fits(_ old: Trunk, _ new: Trunk?) -> Bool {
        guard let new, new.register else { return false }
        return old.uri == new.uri && old.username == new.username && old.password == new.password
            && old.registerExpirySeconds == new.registerExpirySeconds
            && old.verifiesCertificate == new.verifiesCertificate
    }

    /// 0: none.
    func account(_ trunk: String?) -> UInt32 { trunk.flatMap { accounts[$0] } ?? 0 }

    /// Calls without a trunk check it.
    func verifiesCertificate(_ trunk: String?) -> Bool { trunk.flatMap { trunks[$0] }?.verifiesCertificate ?? true }

    /// Trunks that are to be registered and have no registration yet.
    var unregistered: [Trunk] {
        let present = Set(registrations.values.filter { !$0.isLeaving }.map(\.trunk.name))
        return trunks.values.filter { $0.register && !present.contains($0.name) }.sorted { $0.name < $1.name }
    }

    mutating func makeRegistrationNumber() -> UInt64 {
        defer { nextRegistration += 1 }
        return nextRegistration
    }

    func due(at now: MonotonicInstant) -> [TrunkRegistration] {
        registrations.values.filter { !$0.isLeaving && $0.schedule.isDue(at: now) }
    }

    mutating func update(_ registration: TrunkRegistration) { registrations[registration.number] = registration }

    mutating func remove(_ number: UInt64) { registrations[number] = nil }

    mutating func answer(
        account: UInt32, challenges: String, method: String, uri: String, attempt: Int
    ) -> String? {
        var generator = SystemRandomNumberGenerator()
        return credentials[account]?.answer(
            challenges: challenges, method: method, uri: uri, attempt: attempt,
            clientNonce: String(generator.next(), radix: 16))
    }
}
