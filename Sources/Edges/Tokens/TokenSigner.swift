public import CallModel
import Crypto
import CryptoExtras
import FoundationEssentials
public import MediaTime
public import WireJSON

/// Makes tokens for an Application or one of its users (`switchhook token`).
public enum TokenSigner {
    /// - Parameter privateKeyPEM: RSA, 2 048 bits or more.
    /// - Parameter acl: the claim as it is, `{"paths": {…}}`.
    /// - Parameter ttlSeconds: 1…86 400, what a verifier accepts; not checked here so that tests can go beyond.
    /// - Fails with: whatever the library says about the key.
    public static func make(
        application: ApplicationID, privateKeyPEM: String, sub: String?, acl: JSON?, ttlSeconds: Int, now: WallTime
    ) throws -> String {
        let issued = now.milliseconds / 1000
        var claims = JSONObject([
            ("application_id", .string(application.text)), ("iat", .int(issued)), ("jti", .string(UUIDText.random())),
            ("exp", .int(issued + Int64(ttlSeconds))),
        ])
        if let sub { claims["sub"] = .string(sub) }
        if let acl { claims["acl"] = acl }
        return try sign(claims, header: #"{"alg":"RS256","typ":"JWT"}"#, privateKeyPEM: privateKeyPEM)
    }

    /// Signs any claims under any header, RS256.
    static func sign(_ claims: JSONObject, header: String, privateKeyPEM: String) throws -> String {
        let key = try _RSA.Signing.PrivateKey(pemRepresentation: privateKeyPEM)
        let unsigned = CompactToken.unsigned(header: header, claims: .object(claims))
        let signature = try key.signature(for: SHA256.hash(data: unsigned), padding: .insecurePKCS1v1_5)
        return CompactToken.text(unsigned, signature: [UInt8](signature.rawRepresentation))
    }
}
