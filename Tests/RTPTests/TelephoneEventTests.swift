import MediaTime
import RTP
import Testing

/// A receiver at 8 kHz with a clock moved by hand.
private struct Ear {
    var receiver = DigitReceiver(clockRate: 8000)
    var now = MonotonicInstant(nanoseconds: 1_000_000_000)
    var heard = ""
    var begun = 0

    mutating func packet(_ code: UInt8, at timestamp: UInt32, duration: UInt16, end: Bool = false) {
        now = now + .milliseconds(20)
        let event = TelephoneEvent(code: code, isEnd: end, volume: 10, duration: duration)
        let presses = receiver.packetArrived(event, timestamp: timestamp, at: now)
        if presses.hasBegun { begun += 1 }
        note(presses.first)
        note(presses.second)
    }
    mutating func wait(_ time: Duration) {
        now = now + time
        note(receiver.tick(at: now))
    }
    private mutating func note(_ press: DigitReceiver.Press?) {
        guard let press else { return }
        heard += "\(Character(Unicode.Scalar(press.digit))):\(press.durationMilliseconds) "
    }
}

@Suite("Telephone events")
struct TelephoneEventTests {
    @Test("a payload is written and read back")
    func payload() {
        let original = TelephoneEvent(code: 11, isEnd: true, volume: 10, duration: 800)
        let payload = bytes(of: original, capacity: 4)
        #expect(payload == [11, 0x8A, 3, 0x20])
        #expect(event(in: payload) == original)
        #expect(event(in: [1, 2, 3]) == nil)
        #expect(bytes(of: original, capacity: 3).isEmpty)
    }

    @Test("every digit has its code and back")
    func codes() {
        for digit in "0123456789*#ABCD".utf8 {
            #expect(TelephoneEvent.code(ofDigit: digit).flatMap { TelephoneEvent.digit(ofCode: $0) } == digit)
        }
        #expect(TelephoneEvent.code(ofDigit: UInt8(ascii: "d")) == 15)
        #expect(TelephoneEvent.code(ofDigit: UInt8(ascii: "E")) == nil)
        #expect(TelephoneEvent.digit(ofCode: 16) == nil)
    }

    @Test("a press is reported once, at its first end packet; that it has begun, once at its first packet")
    func onePress() {
        var ear = Ear()
        for step in 1...4 {
            ear.packet(5, at: 1000, duration: UInt16(step * 160))
            #expect(ear.begun == 1)
        }
        #expect(ear.heard.isEmpty)
        for _ in 0..<3 { ear.packet(5, at: 1000, duration: 800, end: true) }
        ear.wait(.seconds(1))
        #expect(ear.heard == "5:100 " && ear.begun == 1)
    }

    @Test("an end packet alone is a press")
    func onlyEnd() {
        var ear = Ear()
        ear.packet(0, at: 0, duration: 400, end: true)
        ear.packet(0, at: 0, duration: 400, end: true)
        #expect(ear.heard == "0:50 ")
    }

    @Test("the same key twice is two presses")
    func twice() {
        var ear = Ear()
        ear.packet(1, at: 1000, duration: 160)
        ear.packet(1, at: 1000, duration: 800, end: true)
        ear.packet(1, at: 2600, duration: 160)
        ear.packet(1, at: 2600, duration: 800, end: true)
        #expect(ear.heard == "1:100 1:100 " && ear.begun == 2)
    }

    @Test("with all end packets lost the press ends with the next one, or in silence")
    func lostEnds() {
        var ear = Ear()
        ear.packet(1, at: 1000, duration: 640)
        ear.packet(2, at: 2600, duration: 160)
        #expect(ear.heard == "1:80 ")
        ear.packet(3, at: 4200, duration: 480, end: true)
        #expect(ear.heard == "1:80 2:20 3:60 ")
        ear.packet(4, at: 6000, duration: 320)
        ear.wait(.milliseconds(240))
        #expect(ear.heard == "1:80 2:20 3:60 ")
        ear.wait(.milliseconds(20))
        #expect(ear.heard == "1:80 2:20 3:60 4:40 ")
        ear.packet(4, at: 6000, duration: 800, end: true)
        ear.wait(.seconds(1))
        #expect(ear.heard == "1:80 2:20 3:60 4:40 ")
    }

    @Test("a packet of an earlier press that comes late is not a new press")
    func reordered() {
        var ear = Ear()
        ear.packet(1, at: 1000, duration: 800, end: true)
        ear.packet(2, at: 2600, duration: 160)
        ear.packet(1, at: 1000, duration: 800, end: true)
        ear.packet(2, at: 2600, duration: 800, end: true)
        #expect(ear.heard == "1:100 2:100 ")
    }

    @Test("a sender that sets its timestamps back is heard again")
    func timestampsSetBack() {
        var ear = Ear()
        ear.packet(1, at: 100_000, duration: 800, end: true)
        ear.packet(2, at: 1000, duration: 800, end: true)
        ear.wait(.seconds(2))
        ear.packet(3, at: 900, duration: 800, end: true)
        #expect(ear.heard == "1:100 2:100 3:100 ")
    }

    @Test("a press longer than 65 535 ticks is one press")
    func longPress() {
        var ear = Ear()
        var start: UInt32 = 0xFFFF_0000
        for step in stride(from: 160, through: 65_440, by: 160) { ear.packet(9, at: start, duration: UInt16(step)) }
        ear.packet(9, at: start, duration: 0xFFFF)
        start = start &+ 0xFFFF
        for step in stride(from: 160, through: 1440, by: 160) { ear.packet(9, at: start, duration: UInt16(step)) }
        for _ in 0..<3 { ear.packet(9, at: start, duration: 1600, end: true) }
        #expect(ear.heard == "9:\((65_535 + 1600) / 8) ")
    }

    @Test("events that are no DTMF are passed over")
    func flash() {
        var ear = Ear()
        ear.packet(16, at: 1000, duration: 800, end: true)
        ear.wait(.seconds(1))
        #expect(ear.heard.isEmpty)
    }

    @Test(
        "digits go out 100 ms on, 100 ms off, with three end packets",
        arguments: [(10, 8000), (20, 8000), (40, 8000), (60, 8000), (20, 48_000)])
    func sending(packetMilliseconds: Int, clockRate: Int) {
        var sender = DigitSender(clockRate: UInt32(clockRate))
        var receiver = DigitReceiver(clockRate: UInt32(clockRate))
        let accepted = "1p2".utf8.map { sender.enqueue($0) }
        #expect(accepted == [true, true, true])
        var heard = ""
        var starts: [Int] = []
        var ends = 0
        var time = 0
        while !sender.isIdle, time < 5000 {
            let timestamp = UInt32(time * clockRate / 1000)
            if let packet = sender.step(timestamp: timestamp, milliseconds: UInt32(packetMilliseconds)) {
                #expect(packet.marker == (packet.timestamp == timestamp))
                if packet.marker { starts.append(time) }
                if packet.event.isEnd { ends += 1 }
                let presses = receiver.packetArrived(
                    packet.event, timestamp: packet.timestamp,
                    at: MonotonicInstant(nanoseconds: UInt64(time) * 1_000_000))
                if let press = presses.first {
                    heard += "\(Character(Unicode.Scalar(press.digit))):\(press.durationMilliseconds) "
                }
            }
            time += packetMilliseconds
        }
        #expect(heard == "1:100 2:100 ")
        #expect(ends == 6)
        let pause = (starts.last ?? 0) - (starts.first ?? 0)
        #expect(pause >= 700 && pause <= 700 + 2 * packetMilliseconds)
    }

    @Test("what is no digit, or one too many, is refused")
    func refusedDigits() {
        var sender = DigitSender(clockRate: 8000)
        let stranger = sender.enqueue(UInt8(ascii: "x"))
        #expect(!stranger)
        let accepted = (0...DigitSender.capacity).map { _ in sender.enqueue(UInt8(ascii: "1")) }
        #expect(accepted.count { $0 } == DigitSender.capacity && accepted.last == false)
    }
}
