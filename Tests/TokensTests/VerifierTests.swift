import CallModel
import MediaTime
import Testing
import Tokens
import WireJSON

struct VerifierTests {
    let bench: TokenBench
    init() throws { bench = try TokenBench() }

    @Test("a token of another implementation is verified")
    func foreignImplementation() throws {
        var application = Application(id: ApplicationID("78d335fa-323d-0114-9c3d-d6f0d48968cf"), name: "vector")
        application.publicKeyPEM = Vectors.publicKey
        let now = WallTime(milliseconds: 1_773_480_400_000)
        let token = try TokenVerifier().verify(Vectors.userToken, application: { _ in application }, now: now)
        #expect(token.applicationID == application.id && token.sub == "alice" && token.role == .user)
        #expect(token.expires == WallTime(milliseconds: 1_773_481_265_000))
        #expect(token.allows(method: "GET", path: "/v1/users") && !token.allows(method: "GET", path: "/v1/calls"))
    }

    @Test("a token that the signer made is verified, for an application and for a user")
    func signedHere() throws {
        let token = try TokenSigner.make(
            application: bench.application.id, privateKeyPEM: bench.privateKey, sub: nil, acl: nil, ttlSeconds: 60,
            now: bench.now)
        let verified = try bench.verify(token)
        #expect(verified.role == .application && verified.acl == nil)
        #expect(verified.expires == WallTime(milliseconds: (bench.issued + 60) * 1000))
        let userToken = try TokenSigner.make(
            application: bench.application.id, privateKeyPEM: bench.privateKey, sub: "bob",
            acl: ["paths": ["/*/legs/**": [:]]], ttlSeconds: 86_400, now: bench.now)
        let user = try bench.verify(userToken)
        #expect(user.sub == "bob" && user.allows(method: "PUT", path: "/v1/legs/1"))
        #expect(token != userToken)
    }

    @Test(
        "clocks may differ by a minute at both ends of a token's life",
        arguments: [
            (-61, false), (-60, true), (0, true), (930, true), (960, true), (961, false),
        ] as [(Int64, Bool)])
    func skew(secondsAfterIssue: Int64, isAccepted: Bool) throws {
        let token = try bench.token(bench.claims)
        let instant = WallTime(milliseconds: (bench.issued + secondsAfterIssue) * 1000)
        #expect(accepts(token, at: instant) == isAccepted)
        let endless = try bench.token(bench.claims(["exp": JSON?.none]))
        #expect(accepts(endless, at: instant) == isAccepted, "without exp it lives 900 s")
    }

    @Test("the end counts to the millisecond")
    func exactEnd() throws {
        let token = try bench.token(bench.claims)
        #expect(accepts(token, at: WallTime(milliseconds: (bench.issued + 960) * 1000)))
        #expect(!accepts(token, at: WallTime(milliseconds: (bench.issued + 960) * 1000 + 1)))
    }

    @Test("a token may be used again until it expires")
    func reuse() throws {
        let token = try bench.token(bench.claims)
        #expect(accepts(token) && accepts(token))
    }

    @Test("the end may be decimal text, times may have fractions, which are dropped")
    func spellingsOfTime() throws {
        let issued = bench.issued
        #expect(try bench.fault(["exp": .string("\(issued + 30)")]) == nil)
        #expect(try bench.fault(["iat": .double(Double(issued) + 60.9), "exp": JSON?.none]) == nil)
        let token = try bench.token(bench.claims(["exp": .double(Double(issued) + 30.9)]))
        #expect(try bench.verify(token).expires == WallTime(milliseconds: (issued + 30) * 1000))
    }

    @Test(
        "a life of 24 hours is the longest",
        arguments: [(86_400, nil), (86_401, .lifetime), (90_000, .lifetime)] as [(Int64, TokenFault.Code?)])
    func lifetime(seconds: Int64, fault: TokenFault.Code?) throws {
        #expect(try bench.fault(["exp": .int(bench.issued + seconds)]) == fault)
    }

    @Test(
        "a token is not valid before its start",
        arguments: [(60, nil), (61, .notYetValid)] as [(Int64, TokenFault.Code?)])
    func start(seconds: Int64, fault: TokenFault.Code?) throws {
        #expect(try bench.fault(["nbf": .int(bench.issued + seconds)]) == fault)
        #expect(try bench.fault(["iat": .int(bench.issued + seconds)]) == fault)
    }

    @Test(
        "a claim that is missing or not what it must be is refused",
        arguments: [
            ("iat", .null), ("iat", "1773480365"), ("iat", .null as JSON), ("iat", 1e300), ("iat", true), ("jti", nil),
            ("jti", ""), ("jti", 7), ("exp", "soon"), ("exp", ""), ("exp", "-1"), ("exp", "1e9"), ("exp", .null),
            ("exp", []), ("exp", .int(.max)), ("exp", "99999999999999999999999"), ("nbf", "0"), ("sub", ""), ("sub", 7),
            ("sub", .null), ("application_id", nil), ("application_id", 7),
        ] as [(String, JSON?)])
    func faultyClaims(name: String, value: JSON?) throws {
        #expect(try bench.fault([name: value]) == .claims)
    }

    @Test(
        "an ACL that is none is refused", arguments: [[], [:], "x", .null, ["paths": []], ["paths": .null]] as [JSON])
    func faultyACL(acl: JSON) throws {
        #expect(try bench.fault(["acl": acl]) == .acl)
    }

    @Test("a token of an application that is not there is refused before its signature is looked at")
    func unknownApplication() throws {
        #expect(try bench.fault(["application_id": "9c132730-8c22-4760-a4dc-40502f05b444"]) == .unknownApplication)
    }

    @Test("the key of another application does not do")
    func foreignKey() throws {
        let token = try bench.token(bench.claims, key: bench.foreignKey)
        #expect(code(token) == .signature)
    }

    @Test("an application without a usable key accepts no token", arguments: [nil, "", "no key", Vectors.shortKey])
    func unusableKeys(pem: String?) throws {
        var application = bench.application
        application.publicKeyPEM = pem
        let token = try bench.token(bench.claims)
        let fault = #expect(throws: TokenFault.self) {
            try bench.verifier.verify(token, application: { [application] _ in application }, now: bench.now)
        }
        #expect(fault?.code == .unusableKey)
    }

    @Test(
        "any algorithm but RS256 is refused, whatever the signature",
        arguments: [
            #"{"alg":"none"}"#, #"{"alg":"None"}"#, #"{"alg":"HS256"}"#, #"{"alg":"RS384"}"#, #"{"alg":"rs256"}"#,
            #"{"alg":["RS256"]}"#, #"{}"#,
        ])
    func algorithms(header: String) throws {
        #expect(code(try bench.token(bench.claims, header: header)) == .algorithm)
    }

    @Test("a token signed with the text of the public key as an HS256 secret is refused")
    func algorithmConfusion() throws {
        let token = WebhookSignature.bearer(
            secret: try #require(bench.application.publicKeyPEM), apiKey: "k", applicationID: bench.application.id,
            issuer: "x", body: [], now: bench.now)
        #expect(code(token) == .algorithm)
    }

    @Test("key hints in the header are ignored, what must be understood is refused")
    func headerMembers() throws {
        let hints = #"{"alg":"RS256","kid":"../../x","jku":"http://evil.test","jwk":{},"x5u":"http://evil.test"}"#
        #expect(accepts(try bench.token(bench.claims, header: hints)))
        #expect(code(try bench.token(bench.claims, header: #"{"alg":"RS256","crit":["x"],"x":1}"#)) == .malformed)
        #expect(code(try bench.token(bench.claims, header: #"{"alg":"RS256","typ":"JWE"}"#)) == .malformed)
    }

    @Test("any changed letter is noticed")
    func tampering() throws {
        let token = Array(try bench.token(bench.claims).utf8)
        for index in stride(from: 0, to: token.count, by: 7) {
            var changed = token
            changed[index] = token[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            #expect(!accepts(String(decoding: changed, as: UTF8.self)))
        }
    }

    @Test(
        "what is no token is refused",
        arguments: [
            "", ".", "..", "...", "a.b", "a.b.c.d", "eyJ9.e30.", "e30=.e30.", "e30.e30.%%%", "e30.W10.AA",
            "\u{0}.\u{0}.\u{0}", String(repeating: "a", count: 20_000), String(repeating: ".", count: 16_000),
        ])
    func malformed(token: String) {
        let code = code(token)
        #expect(code == .malformed || code == .algorithm)
    }

    private func accepts(_ token: String, at instant: WallTime? = nil) -> Bool {
        (try? bench.verify(token, at: instant)) != nil
    }

    private func code(_ token: String) -> TokenFault.Code? {
        do throws(TokenFault) {
            _ = try bench.verify(token)
            return nil
        } catch {
            return error.code
        }
    }
}
