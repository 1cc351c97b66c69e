import CallModel
import MediaTime
import Testing
import WireJSON

@testable import Tokens

struct WebhookSignatureTests {
    private let application = ApplicationID("78d335fa-323d-0114-9c3d-d6f0d48968cf")
    private let now = WallTime(milliseconds: 1_773_480_365_999)

    private func bearer(body: String) -> String {
        WebhookSignature.bearer(
            secret: "a secret of the account", apiKey: "abcd1234", applicationID: application, issuer: "Vonage",
            body: Array(body.utf8), now: now)
    }

    @Test("the token is byte for byte what another implementation makes of the same claims")
    func vector() {
        let token = WebhookSignature.bearer(
            id: "fixed", secret: "a secret of the account", apiKey: "abcd1234", applicationID: application,
            issuer: "Vonage", body: Array(#"{"a":"http://x/ü"}"#.utf8), now: now)
        #expect(token == Vectors.webhookToken)
    }

    @Test("claims are those of the contract, in one order, issued a second ago")
    func claims() throws {
        let token = try CompactToken(bearer(body: ""))
        #expect(token.header == JSONObject([("alg", "HS256"), ("typ", "JWT")]))
        #expect(token.claims.keys == ["iat", "jti", "iss", "payload_hash", "api_key", "application_id"])
        #expect(token.claims["iat"] == 1_773_480_364)
        // SHA-256 of nothing: what a GET carries.
        #expect(
            token.claims["payload_hash"] == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    }

    @Test("every attempt has an id of its own")
    func uniqueIDs() throws {
        let ids = try (0..<100).map { _ in try CompactToken(bearer(body: "{}")).claims["jti"]?.string }
        #expect(Set(ids).count == 100 && !ids.contains(nil))
    }

    @Test("base64url is undone, and only its one spelling", arguments: 0..<70)
    func base64(length: Int) {
        let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 * 37 + length) }
        var text: [UInt8] = []
        Base64URL.append(bytes, to: &text)
        #expect(Base64URL.decode(text[...]) == bytes)
        #expect(Base64URL.decode(text + [UInt8(ascii: "=")]) == nil)
    }

    @Test(
        "vectors of RFC 4648 with the URL alphabet",
        arguments: [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("ÿþ?>", "w7_Dvj8-")])
    func base64Vectors(plain: String, coded: String) {
        var text: [UInt8] = []
        Base64URL.append(Array(plain.utf8), to: &text)
        #expect(String(decoding: text, as: UTF8.self) == coded)
    }

    @Test(
        "other letters and other spellings are refused",
        arguments: ["Z", "Zh", "Zm9", "Zm+v", "Zm/v", "Zg==", "Z g", "é"])
    func base64Refused(text: String) {
        #expect(Base64URL.decode(Array(text.utf8)[...]) == nil)
    }
}
