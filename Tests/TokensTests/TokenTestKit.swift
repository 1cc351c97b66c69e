import CallModel
import MediaTime
import WireJSON

@testable import Tokens

/// One Application with a key pair of its own and tokens made for it.
struct TokenBench {
    /// Making a key takes long: all tests share two pairs.
    private static let pairs = Result { (try RSAKeyPair.generate(), try RSAKeyPair.generate()) }

    let application: Application
    let privateKey: String
    let foreignKey: String
    let verifier = TokenVerifier()
    let now = WallTime(milliseconds: 1_773_480_365_118)
    var issued: Int64 { now.milliseconds / 1000 }

    init() throws {
        let pairs = try Self.pairs.get()
        privateKey = pairs.0.privatePEM
        foreignKey = pairs.1.privatePEM
        var application = Application(id: ApplicationID("78d335fa-323d-0114-9c3d-d6f0d48968cf"), name: "bench")
        application.publicKeyPEM = pairs.0.publicPEM
        self.application = application
    }

    /// Sound claims of an application token.
    var claims: JSONObject {
        JSONObject([
            ("application_id", .string(application.id.text)), ("iat", .int(issued)), ("jti", "ymdYw9Bp"),
            ("exp", .int(issued + 900)),
        ])
    }

    func claims(_ changes: [String: JSON?]) -> JSONObject {
        var claims = claims
        for (name, value) in changes { claims[name] = value }
        return claims
    }

    func token(
        _ claims: JSONObject, header: String = #"{"alg":"RS256","typ":"JWT"}"#, key: String? = nil
    ) throws -> String {
        try TokenSigner.sign(claims, header: header, privateKeyPEM: key ?? privateKey)
    }

    func verify(_ token: String, at instant: WallTime? = nil) throws(TokenFault) -> VerifiedToken {
        try verifier.verify(token, application: { $0 == application.id ? application : nil }, now: instant ?? now)
    }

    /// Why a token with these claims is refused; nil when it is accepted.
    func fault(_ changes: [String: JSON?]) throws -> TokenFault.Code? {
        let token = try token(claims(changes))
        do throws(TokenFault) {
            _ = try verify(token)
            return nil
        } catch {
            return error.code
        }
    }
}
