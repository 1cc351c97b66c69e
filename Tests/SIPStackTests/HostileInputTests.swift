import EdgeProtocols
import Foundation
import SIPStack
import Testing

/// Hand-made and broken messages over raw sockets.
@Suite(.timeLimit(.minutes(1)))
struct HostileInputTests {
    /// The messages of Tests/Fixtures/sip-malformed.txt as bytes.
    private static func messages(port: UInt16) throws -> [[UInt8]] {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/sip-malformed.txt")
        let text = try String(contentsOf: file, encoding: .utf8).split(
            separator: "\n", omittingEmptySubsequences: false
        )
        .drop { $0.hasPrefix("#") }.joined(separator: "\n")
        return text.components(separatedBy: "\n====\n").enumerated().map { index, message in
            let plain = message.replacingOccurrences(of: "HOST", with: "127.0.0.1")
                .replacingOccurrences(of: "PORT", with: "\(port)")
                .replacingOccurrences(of: #"\bN\b|(?<=z9hG4bK)N"#, with: "n\(index)", options: .regularExpression)
                .replacingOccurrences(of: "\n", with: "\r\n").replacingOccurrences(of: "\\f", with: "\r\n")
            return bytes(plain)
        }
    }

    /// Text with `\xNN` for bytes.
    private static func bytes(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), rest.first == UInt8(ascii: "x"),
                let value = UInt8(String(decoding: rest.dropFirst().prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return bytes
    }

    private static func options(transport: String, port: UInt16) -> [UInt8] {
        Array(
            """
            OPTIONS sip:127.0.0.1 SIP/2.0\r
            Via: SIP/2.0/\(transport) 127.0.0.1:\(port);branch=z9hG4bK\(UUID().uuidString)\r
            From: <sip:a@127.0.0.1>;tag=probe\r
            To: <sip:127.0.0.1>\r
            Call-ID: \(UUID().uuidString)\r
            CSeq: 1 OPTIONS\r
            Content-Length: 0\r
            \r

            """.utf8)
    }

    private static func isAlive(_ box: TestStack) throws -> Bool {
        let probe = try UDPSocket()
        for _ in 0..<5 {
            probe.send(options(transport: "UDP", port: probe.port), to: box.port)
            if let reply = probe.receive(milliseconds: 1000), reply.hasPrefix("SIP/2.0 200 ") {
                return reply.contains("\r\nAllow: INVITE") && reply.contains("\r\nAccept: application/sdp")
            }
        }
        return false
    }

    @Test("OPTIONS is answered over UDP and TCP, keep-alives do not disturb")
    func options() async throws {
        let box = try TestStack()
        #expect(try Self.isAlive(box))
        let connection = try TCPSocket(port: box.port)
        connection.send(Array("\r\n\r\n".utf8))
        connection.send(Self.options(transport: "TCP", port: 5060))
        var text = ""
        while !text.contains("SIP/2.0 200 "), let more = connection.receive(milliseconds: 2000) { text += more }
        #expect(text.contains("SIP/2.0 200 OK"))
        await box.sip.stop()
    }

    @Test("malformed messages over UDP are refused or dropped, none becomes a call, all is as before")
    func malformedDatagrams() async throws {
        let box = try TestStack()
        let peer = try UDPSocket()
        let messages = try Self.messages(port: peer.port)
        #expect(messages.count > 25)
        for message in messages { peer.send(message, to: box.port) }
        #expect(try Self.isAlive(box))
        #expect(box.inbox.left.isEmpty)
        await box.sip.stop()
    }

    @Test("the same over TCP, a connection each, whole and byte by byte")
    func malformedStreams() async throws {
        let box = try TestStack()
        for message in try Self.messages(port: 5060) {
            let text = Array(
                String(decoding: message, as: UTF8.self).replacingOccurrences(of: "/UDP", with: "/TCP").utf8)
            try TCPSocket(port: box.port).send(text)
            let slow = try TCPSocket(port: box.port)
            for byte in text.prefix(60) { slow.send([byte]) }
        }
        #expect(try Self.isAlive(box))
        #expect(box.inbox.left.isEmpty)
        await box.sip.stop()
    }

    @Test("mutated messages never bring it down")
    func mutations() async throws {
        let box = try TestStack()
        let peer = try UDPSocket()
        let messages = try Self.messages(port: peer.port)
        var seed: UInt64 = 7
        func random(_ limit: Int) -> Int {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(seed >> 33) % limit
        }
        for round in 0..<3000 {
            var message = messages[random(messages.count)]
            for _ in 0..<(1 + random(8)) where !message.isEmpty {
                let place = random(message.count)
                switch random(4) {
                case 0: message[place] = UInt8(random(256))
                case 1: message.remove(at: place)
                case 2: message.insert(contentsOf: Array(",;<>\"%:@\r\n".utf8).shuffled().prefix(3), at: place)
                default: message.removeSubrange(place..<min(message.count, place + random(20)))
                }
            }
            peer.send(message, to: box.port)
            if round % 500 == 499 { #expect(try Self.isAlive(box)) }
        }
        #expect(try Self.isAlive(box))
        await box.sip.stop()
    }

    @Test("what is malformed is counted")
    func counted() async throws {
        let box = try TestStack()
        let peer = try UDPSocket()
        for message in try Self.messages(port: peer.port) { peer.send(message, to: box.port) }
        let deadline = ContinuousClock.now + .seconds(5)
        while box.sip.statistics.badMessages == 0, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(box.sip.statistics.badMessages > 5)
        await box.sip.stop()
    }

    @Test("a repeated 200 is acknowledged again and does not disturb the call")
    func repeatedAnswer() async throws {
        let box = try TestStack()
        let peer = try UDPSocket()
        let dialog = box.call(port: peer.port)
        let invite = try #require(peer.receive(milliseconds: 2000))
        func header(_ name: String) -> String {
            invite.components(separatedBy: "\r\n").first { $0.hasPrefix(name + ":") } ?? ""
        }
        let answer = Array(
            """
            SIP/2.0 200 OK\r
            \(header("Via"))\r
            \(header("From"))\r
            \(header("To"));tag=peer\r
            \(header("Call-ID"))\r
            \(header("CSeq"))\r
            Contact: <sip:peer@127.0.0.1:\(peer.port)>\r
            Content-Type: application/sdp\r
            Content-Length: \(SDPText.answer.utf8.count)\r
            \r
            \(SDPText.answer)
            """.utf8)
        for _ in 0..<3 {
            peer.send(answer, to: box.port)
            #expect(peer.receive(milliseconds: 2000)?.hasPrefix("ACK ") == true)
        }
        #expect(try await box.answered(dialog).sdp == SDPText.answer)
        box.sip.hangUp(dialog)
        #expect(peer.receive(milliseconds: 2000)?.hasPrefix("BYE ") == true)
        #expect(box.inbox.left.isEmpty)
    }
}
