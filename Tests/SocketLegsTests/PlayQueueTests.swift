import EdgeProtocols
import NIOCore
import Rings
import Testing
import WireJSON

@testable import SocketLegs

@Suite struct PlayQueueTests {
    /// Lets the mix take `count` samples.
    private func mix(_ port: AudioPort, _ count: Int) -> [Int16] { port.rings.toMix.pop(count) }

    private func mark(_ queue: inout PlayQueue, _ number: Int) {
        let isPlaced = queue.mark(["n": .int(Int64(number))])
        #expect(isPlaced)
    }

    private func due(_ queue: inout PlayQueue) -> [Int] { queue.advance().compactMap { $0["n"]?.int } }

    private func bytes(_ samples: [Int16]) -> ByteBuffer {
        var buffer = ByteBuffer()
        for sample in samples { buffer.writeInteger(sample, endianness: .little) }
        return buffer
    }

    @Test("messages of any length are one stream of samples", arguments: [1, 3, 100, 319, 640, 10_000])
    func anyLength(length: Int) {
        let port = AudioPort(rate: 16_000, doorbell: -1)
        var queue = PlayQueue(port)
        let samples = (0..<12_000).map { Int16($0) }
        var rest = bytes(samples)
        var dropped = 0
        while let part = rest.readSlice(length: min(length, rest.readableBytes)), part.readableBytes > 0 {
            dropped += queue.append(part)
        }
        var heard: [Int16] = []
        for _ in 0..<40 {
            _ = queue.advance()
            heard += mix(port, 320)
        }
        #expect(heard == samples)
        #expect(dropped == 0)
    }

    @Test("60 s are kept and the newest beyond them is dropped")
    func bound() {
        let port = AudioPort(rate: 8000, doorbell: -1)
        var queue = PlayQueue(port)
        let frames = PlayQueue.maximumFrames
        var dropped = 0
        for _ in 0..<frames { dropped += queue.append(ByteBuffer(repeating: 1, count: 320)) }
        #expect(queue.isFull)
        #expect(dropped == 0)
        dropped += queue.append(ByteBuffer(repeating: 2, count: 320))
        #expect(dropped == 160)
        _ = queue.advance()
        #expect(!queue.isFull)
        dropped += queue.append(ByteBuffer(repeating: 3, count: 320))
        #expect(dropped == 160)
    }

    @Test("a marker is due when the mix has taken the last sample before it, at once in an empty queue")
    func markers() {
        let port = AudioPort(rate: 8000, doorbell: -1)
        var queue = PlayQueue(port)
        mark(&queue, 0)
        #expect(due(&queue) == [0])
        _ = queue.append(ByteBuffer(repeating: 1, count: 3200))
        mark(&queue, 1)
        _ = queue.append(ByteBuffer(repeating: 1, count: 320))
        mark(&queue, 2)
        for step in 1...11 {
            #expect(due(&queue) == [])
            #expect(mix(port, 160).count == 160)
            if step == 10 { #expect(due(&queue) == [1]) }
        }
        #expect(due(&queue) == [2])
    }

    @Test("clear drops sound and markers, those on their way too")
    func clear() {
        let port = AudioPort(rate: 8000, doorbell: -1)
        var queue = PlayQueue(port)
        _ = queue.append(ByteBuffer(repeating: 1, count: 100_000))
        mark(&queue, 1)
        _ = queue.advance()
        queue.clear()
        #expect(queue.samples == 0)
        #expect(port.rings.takenBack == port.rings.toMix.fill)
        _ = mix(port, port.rings.toMix.fill)
        #expect(due(&queue) == [])
    }

    @Test("markers are bounded")
    func manyMarkers() {
        var queue = PlayQueue(AudioPort(rate: 8000, doorbell: -1))
        _ = queue.append(ByteBuffer(repeating: 1, count: 100_000))
        for number in 0..<PlayQueue.maximumMarkers { mark(&queue, number) }
        let isOneMore = queue.mark(.null)
        #expect(!isOneMore)
    }
}
