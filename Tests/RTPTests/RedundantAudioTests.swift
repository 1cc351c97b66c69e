import RTP
import Testing

@Suite("Redundant audio")
struct RedundantAudioTests {
    private func read(_ payload: [UInt8]) -> [RedundantAudio.Block]? {
        unsafe payload.withUnsafeBytes { raw -> [RedundantAudio.Block]? in
            guard let packet = unsafe RedundantAudio(parsing: raw) else { return nil }
            return (0..<packet.count).map { packet.block($0) }
        }
    }

    private func header(_ type: UInt8, _ offset: UInt32, _ count: Int, room: Int = 4) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: room)
        let written = unsafe bytes.withUnsafeMutableBytes {
            unsafe RedundantAudio.writeHeader(type, offset: offset, count: count, into: $0)
        }
        return Array(bytes.prefix(written))
    }

    @Test("two older payloads and the newest are found where they lie")
    func blocks() throws {
        let packet = header(5, 320, 2) + header(5, 160, 3) + [5] + [1, 2, 3, 4, 5, 6, 7, 8, 9]
        let blocks = try #require(read(packet))
        #expect(blocks.map(\.offset) == [320, 160, 0])
        #expect(blocks.map { Array(packet[$0.start..<$0.start + $0.count]) } == [[1, 2], [3, 4, 5], [6, 7, 8, 9]])
        #expect(blocks.allSatisfy { $0.payloadType == 5 })
    }

    @Test("a packet takes another payload type in all its blocks, and nothing else changes")
    func renamed() throws {
        var packet = header(5, 320, 2) + header(5, 160, 3) + [5] + [5, 2, 3, 4, 5, 6]
        let before = try #require(read(packet))
        unsafe packet.withUnsafeMutableBytes { raw in
            guard let start = raw.baseAddress, let parsed = unsafe RedundantAudio(parsing: UnsafeRawBufferPointer(raw))
            else { return }
            #expect(parsed.isAll(of: 5) && !parsed.isAll(of: 6))
            unsafe parsed.rename(to: 111, in: start.assumingMemoryBound(to: UInt8.self))
        }
        let after = try #require(read(packet))
        #expect(after.allSatisfy { $0.payloadType == 111 })
        #expect(
            after.map { [$0.offset, UInt32($0.start), UInt32($0.count)] }
                == before.map { [$0.offset, UInt32($0.start), UInt32($0.count)] })
        #expect(packet.suffix(6) == [5, 2, 3, 4, 5, 6])
    }

    @Test(
        "the time between tells how many packets ago a block was sent, when they are of one length",
        arguments: [(320, 160, 2), (160, 160, 1), (240, 160, 0), (160, 0, 0)])
    func back(offset: Int, ticks: Int, packets: Int) throws {
        let blocks = try #require(read(header(5, UInt32(offset), 1) + [5, 1, 2]))
        #expect(blocks[0].packetsBefore(ticks: ticks) == packets)
    }

    @Test("the largest figures of a header survive, larger ones are not written")
    func limits() throws {
        let packet = header(127, 16_383, 1023) + [0] + [UInt8](repeating: 7, count: 1023)
        let blocks = try #require(read(packet))
        #expect(blocks[0].offset == 16_383 && blocks[0].count == 1023 && blocks[0].payloadType == 127)
        #expect(blocks[1].count == 0)
        #expect(header(1, 16_384, 1).isEmpty && header(1, 1, 1024).isEmpty && header(1, 1, 1, room: 3).isEmpty)
    }

    @Test("a packet cut off anywhere, or with more blocks than anybody sends, is refused")
    func hostile() {
        let whole = header(5, 320, 2) + header(5, 160, 3) + [5] + [1, 2, 3, 4, 5]
        for length in 0..<whole.count { #expect(read(Array(whole.prefix(length))) == nil, "\(length) bytes") }
        #expect(read(whole) != nil)
        let many: [UInt8] = (0..<8).flatMap { _ in header(5, 160, 0) } + [5, 1]
        #expect(read(many) == nil)
        #expect(read([UInt8](repeating: 0xFF, count: 1400)) == nil)
    }
}
