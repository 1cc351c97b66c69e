public import CallModel
import Crypto
public import MediaTime
import WireJSON

/// The token that signs a webhook (voice-webhooks §8).
///
/// - Threading: any; pure but for the random `jti`. Made once for every attempt.
public enum WebhookSignature {
    /// The text after `Bearer`.
    ///
    /// - Parameter secret: the signature secret; the key of HS256.
    /// - Parameter body: the exact bytes sent, empty for GET.
    /// - Parameter now: `iat` is one second earlier, because receivers refuse tokens from their future.
    public static func bearer(
        secret: String, apiKey: String, applicationID: ApplicationID, issuer: String, body: [UInt8], now: WallTime
    ) -> String {
        bearer(
            id: UUIDText.random(), secret: secret, apiKey: apiKey, applicationID: applicationID, issuer: issuer,
            body: body, now: now)
    }

    /// The same with a chosen `jti`.
    static func bearer(
        id: String, secret: String, apiKey: String, applicationID: ApplicationID, issuer: String, body: [UInt8],
        now: WallTime
    ) -> String {
        let claims = JSONObject([
            ("iat", .int(now.milliseconds / 1000 - 1)), ("jti", .string(id)), ("iss", .string(issuer)),
            ("payload_hash", .string(hexadecimal(SHA256.hash(data: body)))), ("api_key", .string(apiKey)),
            ("application_id", .string(applicationID.text)),
        ])
        let unsigned = CompactToken.unsigned(header: #"{"alg":"HS256","typ":"JWT"}"#, claims: .object(claims))
        let key = SymmetricKey(data: Array(secret.utf8))
        let code = HMAC<SHA256>.authenticationCode(for: unsigned, using: key)
        return CompactToken.text(unsigned, signature: Array(code))
    }

    private static func hexadecimal(_ digest: SHA256.Digest) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(64)
        for byte in digest {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
