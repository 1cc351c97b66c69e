import Crypto
import Foundation
public import MediaTime
import WireJSON

/// Verifies the signature of a webhook as a receiver does (voice-webhooks §8), with code of its own.
public enum SignatureCheck {
    private static let maximumAge: Double = 300

    /// - Parameter authorization: the header's value.
    /// - Returns: what is wrong; nil when nothing is.
    public static func complaint(
        authorization: String?, body: [UInt8], secret: String, now: WallTime = SystemTimeSource().wallNow
    ) -> String? {
        guard let authorization else { return "not signed: no Authorization header" }
        let words = authorization.split(separator: " ")
        guard words.count == 2, words[0].lowercased() == "bearer" else { return "the Authorization is no Bearer token" }
        let parts = words[1].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, let signature = bytes(parts[2]), let header = json(parts[0]),
            let claims = json(parts[1])
        else { return "the Bearer token is no JWT" }
        guard header["alg"]?.string == "HS256" else { return "the algorithm is not HS256" }
        let isGenuine = HMAC<SHA256>.isValidAuthenticationCode(
            signature, authenticating: Data("\(parts[0]).\(parts[1])".utf8),
            using: SymmetricKey(data: Data(secret.utf8)))
        guard isGenuine else { return "the signature was made with another secret" }
        let hash = SHA256.hash(data: body).map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
        guard claims["payload_hash"]?.string == hash else { return "payload_hash does not fit the body" }
        guard let issued = claims["iat"]?.double else { return "iat is missing" }
        let age = Double(now.milliseconds) / 1000 - issued
        return (0...maximumAge).contains(age) ? nil : "iat is \(Int(age)) s old"
    }

    private static func json(_ part: String) -> JSON? { bytes(part).flatMap { try? JSON(parsing: $0) } }

    /// base64url without padding (RFC 7515 §2).
    private static func bytes(_ part: String) -> [UInt8]? {
        let base64 = part.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 }
        let padding = String(repeating: "=", count: (4 - base64.count % 4) % 4)
        return Data(base64Encoded: String(base64) + padding).map { Array($0) }
    }
}
