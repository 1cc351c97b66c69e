import RTPTransport
import Testing

@Suite struct PortPoolTests {
    @Test("pairs are given out in turn, come back, and run out")
    func pairs() throws {
        let pool = try PortPool(bindAddress: "127.0.0.1", ports: 39_001...39_007)
        let first = try pool.open(needsRTCP: true)
        let second = try pool.open(needsRTCP: false)
        #expect(first.port % 2 == 0 && second.port % 2 == 0 && first.port != second.port)
        #expect(first.rtcp?.local?.port == first.port + 1)
        let third = try pool.open(needsRTCP: true)
        #expect(pool.taken == 3)
        #expect(throws: PortPool.Fault.self) { try pool.open(needsRTCP: true) }
        pool.close(second)
        let again = try pool.open(needsRTCP: true)
        #expect(again.port == second.port)
        for sockets in [first, third, again] { pool.close(sockets) }
        #expect(pool.taken == 0)
    }

    @Test("a pair that somebody else holds is stepped over")
    func occupied() throws {
        let pool = try PortPool(bindAddress: "127.0.0.1", ports: 39_100...39_103)
        let local = try #require(SocketAddress(host: "127.0.0.1", port: 39_101))
        let foreign = try DatagramSocket(local: local)
        defer { foreign.close() }
        let sockets = try pool.open(needsRTCP: true)
        #expect(sockets.port == 39_102)
        pool.close(sockets)
    }

    @Test("an address that is none is refused")
    func badAddress() {
        #expect(throws: PortPool.Fault.self) { try PortPool(bindAddress: "localhost", ports: 10_000...10_001) }
    }

    @Test("a datagram comes with its source and its time")
    func datagrams() throws {
        let pool = try PortPool(bindAddress: "127.0.0.1", ports: 39_200...39_203)
        let one = try pool.open(needsRTCP: false)
        let other = try pool.open(needsRTCP: false)
        defer {
            pool.close(one)
            pool.close(other)
        }
        let batch = try #require(DatagramBatch(datagrams: 4))
        defer { batch.destroy() }
        let before = ArrivalClock().now
        let bytes: [UInt8] = [1, 2, 3]
        let target = try #require(other.rtp.local)
        unsafe #expect(one.rtp.send(bytes, count: 3, to: target))
        let count = other.rtp.receive(into: batch)
        let clock = ArrivalClock()
        #expect(count == 1 && batch.count(0) == 3)
        unsafe #expect(batch.bytes(0)[2] == 3)
        #expect(batch.source(0).port == one.port)
        let arrival = clock.arrival(ofRealtime: batch.realtime(0))
        #expect(arrival + 5_000_000 >= before && arrival <= clock.now)
        #expect(other.rtp.receive(into: batch) == 0)
    }
}
