public import CallModel
import Crypto
import CryptoExtras
public import MediaTime
import WireJSON

/// Verifies the tokens of Applications and their users (auth §1).
///
/// - Threading: any; never blocks. One verification costs about as much as an RSA public key operation.
public struct TokenVerifier: Sendable {
    /// How far clocks may disagree.
    private static let skewSeconds: Int64 = 60
    /// Life of a token that does not say.
    private static let defaultLifeSeconds: Int64 = 900
    private static let maximumLifeSeconds: Int64 = 86_400

    private let keys = PublicKeys()

    public init() {}

    /// - Parameter compact: the text after `Bearer`.
    /// - Parameter lookup: finds the Application that the token names; nothing in the token is believed before its key
    ///   has verified it.
    public func verify(
        _ compact: String, application lookup: (ApplicationID) -> Application?, now: WallTime
    ) throws(TokenFault) -> VerifiedToken {
        let token = try CompactToken(compact)
        try checkHeader(token.header)
        guard case .string(let id)? = token.claims["application_id"] else {
            throw TokenFault(.claims, "application_id is missing")
        }
        guard let application = lookup(ApplicationID(id)) else {
            throw TokenFault(.unknownApplication, "no application has the id of the token")
        }
        try checkSignature(token, application)
        let expires = try checkTimes(token.claims, now)
        guard case .string(let jti)? = token.claims["jti"], !jti.isEmpty else {
            throw TokenFault(.claims, "jti is missing")
        }
        return VerifiedToken(
            applicationID: application.id, sub: try sub(token.claims), acl: try acl(token.claims), expires: expires)
    }

    private func checkHeader(_ header: JSONObject) throws(TokenFault) {
        guard header["alg"] == "RS256" else { throw TokenFault(.algorithm, "alg must be RS256") }
        if let type = header["typ"], type.string?.uppercased() != "JWT" {
            throw TokenFault(.malformed, "typ must be JWT")
        }
        // RFC 7515 §4.1.11: what must be understood and is not makes the token invalid.
        if header["crit"] != nil { throw TokenFault(.malformed, "crit is not supported") }
    }

    private func checkSignature(_ token: CompactToken, _ application: Application) throws(TokenFault) {
        guard let pem = application.publicKeyPEM else {
            throw TokenFault(.unusableKey, "application has no public key")
        }
        let key: _RSA.Signing.PublicKey
        do {
            key = try keys.key(pem: pem)
        } catch {
            throw TokenFault(.unusableKey, "public key of the application: \(error)")
        }
        let signature = _RSA.Signing.RSASignature(rawRepresentation: token.signature)
        let digest = SHA256.hash(data: token.signed)
        guard key.isValidSignature(signature, for: digest, padding: .insecurePKCS1v1_5) else {
            throw TokenFault(.signature, "does not match the key of the application")
        }
    }

    /// When the token ends.
    private func checkTimes(_ claims: JSONObject, _ now: WallTime) throws(TokenFault) -> WallTime {
        guard let issued = try seconds("iat", claims) else { throw TokenFault(.claims, "iat is missing") }
        let ends = try seconds("exp", claims) ?? issued + Self.defaultLifeSeconds
        let starts = max(issued, try seconds("nbf", claims) ?? issued)
        guard starts <= now.seconds(after: Self.skewSeconds) else {
            throw TokenFault(.notYetValid, "valid from \(starts)")
        }
        guard ends - issued <= Self.maximumLifeSeconds else { throw TokenFault(.lifetime, "longer than 24 hours") }
        let expires = WallTime(milliseconds: ends * 1000)
        guard now.milliseconds <= expires.milliseconds + Self.skewSeconds * 1000 else {
            throw TokenFault(.expired, "ended at \(expires.iso8601)")
        }
        return expires
    }

    /// Whole seconds since 1970, fractions dropped; `exp` also as decimal text, as published samples write it.
    private func seconds(_ name: String, _ claims: JSONObject) throws(TokenFault) -> Int64? {
        guard let value = claims[name] else { return nil }
        let number: Double? =
            if case .string(let text) = value, name == "exp", text.utf8.allSatisfy({ (48...57).contains($0) }) {
                Double(text)
            } else {
                value.double
            }
        // Far beyond any real date, and safe to calculate with.
        guard let number, abs(number) < 1e11 else { throw TokenFault(.claims, "\(name) must be a time in seconds") }
        return Int64(number.rounded(.down))
    }

    private func sub(_ claims: JSONObject) throws(TokenFault) -> String? {
        guard let value = claims["sub"] else { return nil }
        guard case .string(let name) = value, !name.isEmpty else {
            throw TokenFault(.claims, "sub must be a user name")
        }
        return name
    }

    private func acl(_ claims: JSONObject) throws(TokenFault) -> ACL? {
        guard let value = claims["acl"] else { return nil }
        guard let acl = ACL(value) else { throw TokenFault(.acl, "acl must be an object with paths") }
        return acl
    }
}

extension WallTime {
    /// Whole seconds since 1970 of the instant this much later.
    fileprivate func seconds(after later: Int64) -> Int64 { (milliseconds + later * 1000) / 1000 }
}
