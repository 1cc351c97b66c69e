import CallModel
import MediaTime
import Testing
import Tokens
import WireJSON

struct ACLTests {
    private func acl(_ paths: JSON) throws -> ACL { try #require(ACL(["paths": paths])) }

    @Test(
        "a pattern matches whole segments",
        arguments: [
            ("/*/users/**", "/v1/users", true), ("/*/users/**", "/v1/users/USR-1/x", true),
            ("/*/users/**", "/v1/usersX", false), ("/*/users/**", "/users", false),
            ("/*/users/**", "/v0.3/users/", true),
            ("/*/users/**", "//v1///users//", true), ("/*/users/**", "/v1/users?x=/../..", true),
            ("/*/users/**", "/v1/u%73ers/a%20b", true), ("/*/users/**", "/v1/Users", false),
            ("/*/users/**", "/v1/x/users", false), ("/*/users/**", "/v1/users%2Fx", false),
            ("/*/messages/*/", "/v1/messages/1", true), ("/*/messages/*/", "/v1/messages", false),
            ("/*/messages/*/", "/v1/messages/1/2", false), ("/**", "/", true), ("/**", "/v1/calls", true),
            ("**", "/v1", true), ("/*", "/v1", true), ("/*", "/", false), ("/v1/calls", "/v1/calls/", true),
            ("/*/us*", "/v1/users", false), ("/**/users", "/v1/users", false), ("/*/**/**", "/v1/users", false),
        ])
    func patterns(pattern: String, path: String, isAllowed: Bool) throws {
        let acl = try acl([pattern: [:]])
        #expect(acl.allows(method: "GET", path: path) == isAllowed)
    }

    @Test(
        "dot segments and bad escapes are no path",
        arguments: [
            "/v1/users/..", "/v1/./users", "/v1/users/%2e%2E/calls", "/v1/users/..%2Fcalls", "/v1/users/%", "/v1/%4",
            "/v1/%zz", "/v1/users/%ff", "/v1/users/%2F..",
        ])
    func refusedPaths(path: String) throws {
        #expect(RequestPath(path) == nil)
        #expect(try !acl(["/**": [:]]).allows(method: "GET", path: path))
    }

    @Test("a path is decoded once")
    func decodedOnce() {
        #expect(RequestPath("/v1/a%252e%252e/b%20c?x")?.segments == ["v1", "a%2e%2e", "b c"])
        #expect(RequestPath("/v1/...")?.segments == ["v1", "..."])
        #expect(RequestPath("")?.segments == [])
    }

    @Test(
        "methods restrict a rule",
        arguments: [
            (["methods": ["GET"]], "GET", true), (["methods": ["GET"]], "POST", false),
            (["methods": ["get", "PUT"]], "PUT", true), (["methods": []], "GET", false), ([:], "DELETE", true),
            (["methods": "GET"], "GET", false), (["methods": .null], "GET", false), (["other": 1], "GET", true),
        ] as [(JSON, String, Bool)])
    func methods(rule: JSON, method: String, isAllowed: Bool) throws {
        #expect(try acl(["/*/users/**": rule]).allows(method: method, path: "/v1/users") == isAllowed)
    }

    @Test("any one of the rules is enough, whatever their order")
    func anyRule() throws {
        let acl = try acl(["/*/users/**": ["methods": ["GET"]], "/**": ["methods": ["POST"]], "/*/users": .null])
        #expect(acl.allows(method: "GET", path: "/v1/users") && acl.allows(method: "POST", path: "/v1/users"))
        #expect(!acl.allows(method: "PUT", path: "/v1/users"))
    }

    @Test(
        "every filter must be met by a field of the body or the query",
        arguments: [
            ([("state", "JOIN")], true), ([("state", "INVITE")], true), ([("state", "LEAVE")], false), ([], false),
            ([("other", "JOIN")], false), ([("state", "LEAVE"), ("state", "JOIN")], true),
        ] as [([(name: String, value: String)], Bool)])
    func filters(fields: [(name: String, value: String)], isAllowed: Bool) throws {
        let acl = try acl(["/**": ["filters": ["state": ["JOIN", "INVITE"]]]])
        #expect(acl.allows(method: "POST", path: "/v1/x", fields: fields) == isAllowed)
    }

    @Test("a filter may ask for one value, a number or a boolean; filters that are none allow nothing")
    func filterValues() throws {
        let acl = try acl(["/**": ["filters": ["level": 3, "on": true]]])
        #expect(acl.allows(method: "POST", path: "/", fields: [("level", "3"), ("on", "true")]))
        #expect(!acl.allows(method: "POST", path: "/", fields: [("level", "3")]))
        #expect(try !self.acl(["/**": ["filters": "x"]]).allows(method: "POST", path: "/"))
    }

    @Test("no paths, nothing allowed")
    func emptyPaths() throws {
        #expect(try !acl([:]).allows(method: "GET", path: "/v1/users"))
    }

    @Test(
        "an application may everything unless its ACL restricts it, a user only what the ACL says",
        arguments: [
            (nil, nil, true), (nil, ["paths": ["/*/users/**": [:]]], false), ("alice", nil, false),
            ("alice", ["paths": ["/*/users/**": [:]]], false), ("alice", ["paths": ["/*/calls/**": [:]]], true),
        ] as [(String?, JSON?, Bool)])
    func roles(sub: String?, acl: JSON?, isAllowed: Bool) throws {
        let bench = try TokenBench()
        var claims = bench.claims
        claims["sub"] = sub.map { .string($0) }
        claims["acl"] = acl
        let verified = try bench.verify(try bench.token(claims))
        #expect(verified.allows(method: "POST", path: "/v1/calls") == isAllowed)
        #expect(verified.role == (sub == nil ? .application : .user))
    }
}
