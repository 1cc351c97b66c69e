public import CallModel
public import MediaTime

/// What a verified token says about whoever holds it.
public struct VerifiedToken: Hashable, Sendable {
    public enum Role: String, Hashable, Sendable {
        /// The Application itself (an "admin token"): no `sub`.
        case application
        /// One of its users.
        case user
    }

    public var applicationID: ApplicationID
    /// Name, not id, of the user.
    public var sub: String?
    public var acl: ACL?
    /// When it ends, the allowance for skewed clocks not counted.
    public var expires: WallTime

    public var role: Role { sub == nil ? .application : .user }

    /// Whether it may do `method` on `path`: an Application everything unless it has an ACL, a user what the ACL says
    /// and without one nothing (auth §2).
    ///
    /// - Parameter path: as in the request line; one that `RequestPath` refuses is never allowed.
    /// - Parameter fields: top-level members of the body and of the query, as text.
    public func allows(method: String, path: String, fields: [(name: String, value: String)] = []) -> Bool {
        guard let acl else { return role == .application }
        return acl.allows(method: method, path: path, fields: fields)
    }
}
