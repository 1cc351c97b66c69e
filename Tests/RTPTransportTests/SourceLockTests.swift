import RTPTransport
import Testing

@Suite struct SourceLockTests {
    static let second: UInt64 = 1_000_000_000

    static func address(_ host: String, _ port: UInt16) throws -> SocketAddress {
        try #require(SocketAddress(host: host, port: port))
    }

    @Test(
        "only sources of the policy may lock",
        arguments: [
            (SourceLock.Policy.sdp, [true, false, false]), (.signallingAddress, [true, true, false]),
            (.any, [true, true, true]),
        ])
    func policies(policy: SourceLock.Policy, allowed: [Bool]) throws {
        let lock = SourceLock(
            policy: policy, described: try Self.address("10.0.0.1", 4000),
            signalling: try Self.address("10.0.0.2", 5060))
        let sources = [
            try Self.address("10.0.0.1", 4002), try Self.address("10.0.0.2", 9000), try Self.address("10.0.0.3", 1),
        ]
        #expect(sources.map { lock.allows($0, at: Self.second) } == allowed)
        #expect(lock.target?.port == 4000)
    }

    @Test("a lock holds against every other source until two seconds of silence")
    func silence() throws {
        var lock = SourceLock(policy: .any, described: try Self.address("10.0.0.1", 4000), signalling: nil)
        let first = try Self.address("10.0.0.9", 7000)
        let second = try Self.address("10.0.0.8", 7000)
        let locks = [lock.heard(first, at: Self.second), lock.heard(first, at: 2 * Self.second)]
        #expect(locks == [true, false])
        #expect(lock.target?.host == "10.0.0.9")
        #expect(!lock.allows(second, at: 2 * Self.second + 1_999_999_999))
        #expect(lock.allows(second, at: 4 * Self.second))
        let moves = lock.heard(second, at: 4 * Self.second)
        #expect(moves)
        #expect(lock.target?.host == "10.0.0.8")
        #expect(!lock.allows(first, at: 5 * Self.second))
    }

    @Test("with the lock on the SDP, packets go to the SDP's port wherever they come from")
    func sdp() throws {
        var lock = SourceLock(policy: .sdp, described: try Self.address("::1", 4000), signalling: nil)
        let locks = lock.heard(try Self.address("::1", 5000), at: 1)
        #expect(locks)
        #expect(lock.target?.port == 4000)
    }
}
