import Testing

@testable import SIPStack

struct DigestTests {
    private static let nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
    private static let clientNonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"

    @Test(
        "the example of RFC 7616 §3.9.1 comes out",
        arguments: [
            ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
            ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ])
    func example(algorithm: String, response: String) throws {
        let challenge = try #require(
            DigestChallenge(
                "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=\(algorithm), "
                    + "nonce=\"\(Self.nonce)\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""))
        let answer = challenge.answer(
            username: "Mufasa", password: "Circle of Life", method: "GET", uri: "/dir/index.html", count: 1,
            clientNonce: Self.clientNonce)
        #expect(answer.contains("response=\"\(response)\""))
        #expect(answer.contains("nc=00000001"))
        #expect(answer.contains("opaque=\"FQhe"))
    }

    @Test("the example of RFC 2617 §3.5 comes out")
    func oldExample() throws {
        let challenge = try #require(
            DigestChallenge(
                "Digest realm=\"testrealm@host.com\", qop=\"auth,auth-int\", "
                    + "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\""
            ))
        let answer = challenge.answer(
            username: "Mufasa", password: "Circle Of Life", method: "GET", uri: "/dir/index.html", count: 1,
            clientNonce: "0a4f113b")
        #expect(answer.contains("response=\"6629fae49393a05397450978507c4ef1\""))
    }

    @Test(
        "what cannot be answered is no challenge",
        arguments: [
            "", "Basic realm=\"x\"", "Digest", "Digest realm=\"x\"", "Digest nonce=\"x\"", "Digest realm=\"x",
            "Digest realm=\"x\", nonce=\"y\", algorithm=SHA-512", "Digest realm=\"x\", nonce=\"y\", qop=\"auth-int\"",
            "Digest realm=\"a\\", "Digest =,=,=", String(repeating: "Digest ", count: 1000),
        ])
    func unusable(header: String) {
        #expect(DigestChallenge(header) == nil)
    }

    @Test("a second challenge is answered only when it says stale, and a nonce's uses are counted")
    func attempts() throws {
        var credentials = TrunkCredentials(username: "u", password: "p")
        func answer(_ challenges: String, attempt: Int) -> String? {
            credentials.answer(
                challenges: challenges, method: "INVITE", uri: "sip:a@b", attempt: attempt,
                clientNonce: "c")
        }
        let challenge = "Digest realm=\"r\", nonce=\"n\", qop=\"auth\""
        #expect(try #require(answer(challenge, attempt: 0)).hasPrefix("Digest username=\"u\""))
        #expect(answer(challenge, attempt: 1) == nil)
        #expect(try #require(answer(challenge + ", stale=TRUE", attempt: 1)).contains("nc=00000002"))
        #expect(answer(challenge + ", stale=TRUE", attempt: 3) == nil)
        #expect(try #require(answer("Basic x\n" + challenge, attempt: 0)).contains("nc=00000003"))
    }
}
