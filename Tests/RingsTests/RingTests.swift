import Foundation
import Rings
import Testing

@Suite struct RingTests {
    @Test(
        "a sequence goes through a sample ring between two threads without a hole or a repeat", arguments: [1, 7, 480])
    func samplesKeepTheirOrder(block: Int) throws {
        let ring = SampleRing.allocate(capacity: 1024)
        defer { ring.deallocate() }
        let total = 400_000
        let producer = Thread {
            let buffer = UnsafeMutablePointer<Int16>.allocate(capacity: block)
            defer { unsafe buffer.deallocate() }
            var sent = 0
            while sent < total {
                let count = min(block, total - sent)
                for index in 0..<count { unsafe buffer[index] = Int16(truncatingIfNeeded: sent + index) }
                var done = 0
                while done < count {
                    done += unsafe ring.push(buffer + done, count: count - done)
                }
                sent += count
            }
        }
        producer.start()
        let buffer = UnsafeMutablePointer<Int16>.allocate(capacity: 333)
        defer { unsafe buffer.deallocate() }
        var received = 0
        var faults = 0
        let deadline = Date(timeIntervalSinceNow: 30)
        while received < total, Date() < deadline {
            let count = unsafe ring.pop(into: buffer, count: 333)
            for index in 0..<count where unsafe buffer[index] != Int16(truncatingIfNeeded: received + index) {
                faults += 1
            }
            received += count
        }
        #expect(received == total)
        #expect(faults == 0)
    }

    @Test("a full sample ring takes what fits and a discard makes room")
    func boundedSamples() {
        let ring = SampleRing.allocate(capacity: 5)
        defer { ring.deallocate() }
        let values: [Int16] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
        unsafe values.withUnsafeBufferPointer { pointer in
            guard let base = pointer.baseAddress else { return }
            #expect(ring.capacity == 8)
            unsafe #expect(ring.push(base, count: 10) == 8)
            unsafe #expect(ring.push(base, count: 10) == 0)
            #expect(ring.discard(3) == 3)
            unsafe #expect(ring.push(base + 8, count: 2) == 2)
            #expect(ring.fill == 7 && ring.space == 1)
        }
        var out = [Int16](repeating: 0, count: 8)
        let count = unsafe out.withUnsafeMutableBufferPointer { pointer in
            guard let base = pointer.baseAddress else { return 0 }
            return unsafe ring.pop(into: base, count: 8)
        }
        #expect(count == 7)
        #expect(out.prefix(7) == [4, 5, 6, 7, 8, 9, 10])
    }

    @Test("messages arrive in order and a full ring says so")
    func messages() {
        let ring = MessageRing.allocate(capacity: 4)
        defer { ring.deallocate() }
        for value in 0..<4 {
            #expect(ring.push(RingMessage(kind: 7, tag: UInt32(value), first: Int64(value), second: 0, third: 0)))
        }
        #expect(!ring.push(RingMessage(kind: 9)))
        var message = RingMessage(kind: 0)
        for value in 0..<4 {
            #expect(ring.pop(into: &message))
            #expect(message.kind == 7 && message.tag == UInt32(value) && message.first == Int64(value))
        }
        #expect(!ring.pop(into: &message))
    }
}
