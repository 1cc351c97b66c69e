public import CallModel
public import MediaTime
public import WireJSON

/// An Application made by API, as the store keeps it; its private key is not in it.
public struct ApplicationRecord: Hashable, Sendable {
    public var id: ApplicationID
    public var name: String
    /// `capabilities` and `privacy`, validated, as the API shows them.
    public var document: JSONObject
    public var publicKeyPEM: String
    public var created: WallTime

    public init(
        id: ApplicationID, name: String, document: JSONObject, publicKeyPEM: String, created: WallTime
    ) {
        self.id = id
        self.name = name
        self.document = document
        self.publicKeyPEM = publicKeyPEM
        self.created = created
    }
}

/// A User made by API.
public struct UserRecord: Hashable, Sendable {
    public var id: UserID
    public var application: ApplicationID
    /// Unique in its application.
    public var name: String
    /// `display_name`, `image_url`, `properties` and `channels`, validated, as the API shows them.
    public var document: JSONObject
    public var created: WallTime

    public init(
        id: UserID, application: ApplicationID, name: String, document: JSONObject, created: WallTime
    ) {
        self.id = id
        self.application = application
        self.name = name
        self.document = document
        self.created = created
    }
}

/// Applications and Users in the store.
///
/// - Threading: any; each returns when the change is on disk.
public protocol DirectoryRecords: Sendable {
    func applicationRecords() async throws -> [ApplicationRecord]
    func userRecords() async throws -> [UserRecord]
    /// Adds or replaces.
    func put(_ application: ApplicationRecord) async throws
    func put(_ user: UserRecord) async throws
    /// Its users go with it.
    func remove(_ application: ApplicationID) async throws
    func remove(_ user: UserID) async throws
}

/// Applications and Users as the API changes them, beside the configured ones, which it only reads (README 21).
///
/// - Threading: any. A change is in force, and on disk, when its call returns; running calls keep what they began with.
/// - Fails with: `conflict` for a name that is taken, `overloaded` when the store cannot write.
public protocol DirectoryEditing: Sendable {
    /// Nil for an unknown or a configured one.
    func application(_ id: ApplicationID) -> ApplicationRecord?
    func users(of application: ApplicationID) -> [UserRecord]
    func save(_ application: ApplicationRecord) async throws(CommandFault)
    func save(_ user: UserRecord) async throws(CommandFault)
    func remove(_ application: ApplicationID) async throws(CommandFault)
    func remove(_ user: UserRecord) async throws(CommandFault)
    /// A new key pair; the box keeps the private key so that `switchhook token` can sign.
    func makeKeys(of application: ApplicationID) async throws(CommandFault) -> (privatePEM: String, publicPEM: String)
    /// Whether a text is a public key that tokens can be verified with.
    func isPublicKey(_ pem: String) -> Bool
}
