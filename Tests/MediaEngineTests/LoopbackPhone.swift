import Foundation
import Glibc
import Synchronization

/// A PCMU phone on loopback: sends a tone (or what it is told) every 20 ms from a thread of its own, keeps what it gets.
final class LoopbackPhone: Sendable {
    struct Packet: Sendable {
        var sequence: UInt16
        var timestamp: UInt32
        var ssrc: UInt32
        var payloadType: UInt8
        var marker: Bool
        var payload: [UInt8]
        var sourcePort: UInt16
        /// Nanoseconds of CLOCK_MONOTONIC.
        var arrival: UInt64
    }

    private struct Fields {
        var frequency: Double?
        var sequence: UInt16 = 65_500
        var timestamp: UInt32 = 0xFFFF_F000
        var position = 0
        var sent = 0
        var target: UInt16?
        var packets: [Packet] = []
        var pendingEvents: [(type: UInt8, payload: [UInt8], timestamp: UInt32, marker: Bool)] = []
        /// Sends nothing but events.
        var isSilent = false
        var shouldStop = false
    }

    let port: UInt16
    private let socket: Int32
    private let ssrc: UInt32
    private let fields = Mutex(Fields())

    init(ssrc: UInt32 = .random(in: 1 ... .max)) {
        self.ssrc = ssrc
        let socket = Glibc.socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        self.socket = socket
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
                unsafe _ = bind(socket, raw, length)
                unsafe _ = getsockname(socket, raw, &length)
            }
        }
        port = UInt16(bigEndian: address.sin_port)
        var timeout = timeval(tv_sec: 0, tv_usec: 20_000)
        unsafe _ = setsockopt(
            socket, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(socket) }

    /// An offer for this phone.
    func offer(direction: String = "sendrecv", hasEvents: Bool = true, extra: [String] = []) -> String {
        let lines = [
            "v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0",
            "m=audio \(port) RTP/AVP 0 13\(hasEvents ? " 101" : "")", "a=rtpmap:0 PCMU/8000",
            "a=rtpmap:101 telephone-event/8000", "a=ptime:20", "a=\(direction)",
        ]
        return (lines + extra).map { $0 + "\r\n" }.joined()
    }

    /// Starts sending to the port named in an SDP of the engine, and receiving.
    func start(answer: String, frequency: Double?) {
        let target = Self.port(in: answer)
        fields.withLock { fields in
            fields.target = target
            fields.frequency = frequency
        }
        Thread { self.receiveLoop() }.start()
        Thread { self.sendLoop() }.start()
    }

    static func port(in sdp: String) -> UInt16? {
        sdp.split(whereSeparator: \.isNewline).first { $0.hasPrefix("m=audio ") }
            .flatMap { $0.split(separator: " ").dropFirst().first }.flatMap { UInt16($0) }
    }

    func stop() { fields.withLock { $0.shouldStop = true } }
    var packets: [Packet] { fields.withLock { $0.packets } }
    var sent: Int { fields.withLock { $0.sent } }
    func clear() { fields.withLock { $0.packets = [] } }
    func setFrequency(_ frequency: Double?) { fields.withLock { $0.frequency = frequency } }

    /// Sound of the newest packets, decoded.
    func heard(last count: Int) -> [Int16] {
        fields.withLock { fields in
            fields.packets.filter { $0.payloadType == 0 }.suffix(count).flatMap { $0.payload.map { Self.decode($0) } }
        }
    }

    /// Presses a key: 100 ms of events in place of sound.
    func press(_ code: UInt8) {
        fields.withLock { fields in
            let start = fields.timestamp &+ UInt32(fields.pendingEvents.count * 160)
            for index in 1...5 {
                let duration = UInt16(index * 160)
                fields.pendingEvents.append(
                    (101, [code, 10, UInt8(duration >> 8), UInt8(duration & 255)], start, index == 1))
            }
            for _ in 0..<3 { fields.pendingEvents.append((101, [code, 0x8A, 3, 32], start, false)) }
        }
    }

    /// Goes silent with a description of its noise (RFC 3389), `level` in -dBov.
    func rest(level: UInt8) {
        fields.withLock { fields in
            fields.pendingEvents.append((13, [level], fields.timestamp, false))
            fields.isSilent = true
        }
    }

    func speakAgain() { fields.withLock { $0.isSilent = false } }

    /// Sends one packet from another socket: a stranger's.
    func forge(from other: LoopbackPhone, to port: UInt16) {
        var packet: [UInt8] = [0x80, 0, 0, 1, 0, 0, 0, 1, 9, 9, 9, 9]
        packet += [UInt8](repeating: 0x80, count: 160)
        other.send(packet, to: port)
    }

    private func sendLoop() {
        var next = ProcessInfo.processInfo.systemUptime
        while true {
            let packet = fields.withLock { fields -> ([UInt8], UInt16)? in
                guard !fields.shouldStop, let target = fields.target else { return nil }
                if fields.isSilent && fields.pendingEvents.isEmpty {
                    fields.timestamp &+= 160
                    fields.position += 160
                    return ([], target)
                }
                return (makePacket(&fields), target)
            }
            guard let packet else { return }
            if !packet.0.isEmpty { send(packet.0, to: packet.1) }
            next += 0.02
            let wait = next - ProcessInfo.processInfo.systemUptime
            if wait > 0 { usleep(useconds_t(wait * 1_000_000)) }
        }
    }

    private func makePacket(_ fields: inout Fields) -> [UInt8] {
        var payloadType: UInt8 = 0
        var timestamp = fields.timestamp
        var marker = fields.sent == 0
        var payload: [UInt8]
        if fields.pendingEvents.isEmpty {
            payload = (0..<160).map { index in
                guard let frequency = fields.frequency else { return 0xFF }
                let phase = 2 * Double.pi * frequency * Double(fields.position + index) / 8000
                return Self.encode(Int16(8000 * sin(phase)))
            }
        } else {
            let event = fields.pendingEvents.removeFirst()
            payloadType = event.type
            timestamp = event.timestamp
            marker = event.marker
            payload = event.payload
        }
        var packet: [UInt8] = [0x80, payloadType | (marker ? 0x80 : 0)]
        packet += [UInt8(fields.sequence >> 8), UInt8(fields.sequence & 255)]
        for word in [timestamp, ssrc] { for shift in [24, 16, 8, 0] { packet.append(UInt8(word >> shift & 255)) } }
        fields.sequence &+= 1
        fields.timestamp &+= 160
        fields.position += 160
        fields.sent += 1
        return packet + payload
    }

    private func send(_ packet: [UInt8], to port: UInt16) {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = port.bigEndian
        unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
                unsafe _ = sendto(
                    socket, packet, packet.count, 0, raw, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    private func receiveLoop() {
        var buffer = [UInt8](repeating: 0, count: 2048)
        while !fields.withLock({ $0.shouldStop }) {
            var source = sockaddr_in()
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let count = unsafe withUnsafeMutablePointer(to: &source) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
                    unsafe recvfrom(socket, &buffer, buffer.count, 0, raw, &length)
                }
            }
            guard count >= 12, !(192...223).contains(buffer[1]) else { continue }
            let bytes = Array(buffer[0..<count])
            func word(_ offset: Int) -> UInt32 { bytes[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) } }
            let packet = Packet(
                sequence: UInt16(word(0) & 0xFFFF), timestamp: word(4), ssrc: word(8), payloadType: bytes[1] & 0x7F,
                marker: bytes[1] & 0x80 != 0, payload: Array(bytes[12...]),
                sourcePort: UInt16(bigEndian: source.sin_port),
                arrival: UInt64(ProcessInfo.processInfo.systemUptime * 1e9))
            fields.withLock { $0.packets.append(packet) }
        }
    }

    // G.711 by the book (ITU-T G.191's algorithm), slow and independent of the code under test.
    static func encode(_ sample: Int16) -> UInt8 {
        let sign: UInt8 = sample < 0 ? 0x80 : 0
        let magnitude = min(32_635, abs(Int(sample))) + 132
        var exponent = 7
        while exponent > 0, magnitude & (0x80 << exponent) == 0 { exponent -= 1 }
        return ~(sign | UInt8(exponent << 4) | UInt8(magnitude >> (exponent + 3) & 0x0F))
    }

    static func decode(_ byte: UInt8) -> Int16 {
        let code = ~byte
        let magnitude = ((Int(code & 0x0F) << 3) + 132) << Int(code >> 4 & 7) - 132
        return Int16(code & 0x80 == 0 ? magnitude : -magnitude)
    }
}

enum Tones {
    /// Amplitude of one frequency (Goertzel).
    static func level(of frequency: Double, in samples: [Int16], rate: Int = 8000) -> Double {
        guard !samples.isEmpty else { return 0 }
        let coefficient = 2 * cos(2 * .pi * frequency / Double(rate))
        var (a, b) = (0.0, 0.0)
        for sample in samples { (a, b) = (Double(sample) + coefficient * a - b, a) }
        return 2 * max(0, a * a + b * b - coefficient * a * b).squareRoot() / Double(samples.count)
    }

    static func sine(_ frequency: Double, rate: Int, seconds: Double) -> [Int16] {
        (0..<Int(Double(rate) * seconds)).map { Int16(8000 * sin(2 * .pi * frequency * Double($0) / Double(rate))) }
    }
}

/// Waits until something holds; false when it does not within the limit.
func eventually(within seconds: Double = 5, _ condition: () -> Bool) -> Bool {
    let deadline = ProcessInfo.processInfo.systemUptime + seconds
    while ProcessInfo.processInfo.systemUptime < deadline {
        if condition() { return true }
        usleep(5000)
    }
    return condition()
}
