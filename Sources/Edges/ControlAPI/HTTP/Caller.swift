public import CallModel
public import MediaTime

/// Who asks, as its verified token says.
public struct Caller: Sendable {
    /// The tenant: nothing of another application exists for it.
    public var application: ApplicationID
    /// `sub`: the user's name; nil for the application itself (admin token).
    public var user: String?
    /// The allowance for skewed clocks not counted.
    public var expires: WallTime
    /// Whether the token's `acl` admits the method on the path (auth §3). Fields are those of query and JSON body.
    public var allows: @Sendable (_ method: String, _ path: String, _ fields: [(name: String, value: String)]) -> Bool

    public init(
        application: ApplicationID, user: String?, expires: WallTime,
        allows: @escaping @Sendable (String, String, [(name: String, value: String)]) -> Bool
    ) {
        self.application = application
        self.user = user
        self.expires = expires
        self.allows = allows
    }
}

/// Why a token is not accepted; for the log only, the answer never says it (auth §5).
public struct TokenRefusal: Error, Hashable, Sendable {
    public var reason: String
    public init(_ reason: String) { self.reason = reason }
}

/// Verifies application and user tokens.
public protocol CallerVerifying: Sendable {
    /// Verifies the text after `Bearer`.
    func caller(bearer token: String, at now: WallTime) async throws(TokenRefusal) -> Caller
}
