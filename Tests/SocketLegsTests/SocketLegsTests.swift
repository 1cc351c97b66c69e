import CLinux
import CallModel
import EdgeProtocols
import HTTPFetch
import Logging
import NIOCore
import NIOWebSocket
import Rings
import TestKit
import Testing
import WireJSON

@testable import SocketLegs

/// Websocket legs with fake media and a peer on loopback.
private struct Rig {
    let journal = Journal()
    let media: FakeMedia
    let legs: SocketLegs
    let fetcher = HTTPFetcher()
    let leg = LegID.make()

    init(_ edit: (inout SocketSettings) -> Void = { _ in }) async throws {
        media = FakeMedia(journal)
        var settings = SocketSettings()
        edit(&settings)
        let journal = journal
        legs = try SocketLegs(
            media: media, fetcher: fetcher, settings: settings, logger: Logger(label: "test"), sign: { _ in nil },
            report: { _, event in journal.note("event \(event)") })
        try await legs.start()
    }

    func open(_ peer: SocketPeer) async {
        legs.open(
            leg, SocketCall(uri: "ws://127.0.0.1:\(peer.port)/", rate: 8000), application: ApplicationID("a"),
            timeoutSeconds: 5)
        #expect(await journal.wait(for: "event opened"))
        #expect(await peer.journal.wait(for: #"text {"event":"websocket:connected""#))
    }

    func close(_ peer: SocketPeer) async {
        await legs.stop()
        await fetcher.shutdown()
        await peer.close()
    }
}

@Suite struct SocketLegsTests {
    @Test("a peer that answers pings stays, one that misses two is taken for lost", arguments: [true, false])
    func pings(answers: Bool) async throws {
        let peer = try await SocketPeer(answers ? [.answersPings, .answersClose] : .answersClose)
        let rig = try await Rig { $0.pingInterval = .milliseconds(100) }
        await rig.open(peer)
        if answers {
            while peer.journal.lines.count(where: { $0 == "ping" }) < 4 {
                try await Task.sleep(for: .milliseconds(20))
            }
            #expect(!rig.journal.lines.contains { $0.hasPrefix("event closed") })
        } else {
            #expect(await rig.journal.wait(for: #"event closed("2 pings"#))
            #expect(await peer.journal.wait(for: "gone"))
        }
        await rig.close(peer)
    }

    @Test("our end is a Close with 1000 and no event; who does not answer it is cut off", arguments: [true, false])
    func ownEnd(answers: Bool) async throws {
        let peer = try await SocketPeer(answers ? [.answersPings, .answersClose] : .answersPings)
        let rig = try await Rig { $0.closeTimeout = .milliseconds(100) }
        await rig.open(peer)
        rig.legs.close(rig.leg)
        #expect(await peer.journal.wait(for: "close 1000"))
        #expect(await peer.journal.wait(for: "gone"))
        #expect(!rig.journal.lines.contains { $0.hasPrefix("event closed") })
        await rig.close(peer)
    }

    @Test("text and sound in pieces are put together, and a frame of unknown kind ends the leg")
    func fragments() async throws {
        let peer = try await SocketPeer([.answersPings, .answersClose])
        let rig = try await Rig()
        await rig.open(peer)
        let text = Array(#"{"action":"notify","payload":{"n":1}}"#.utf8)
        try await peer.send(WebSocketFrame(fin: false, opcode: .text, data: ByteBuffer(bytes: text[..<9])))
        try await peer.send(WebSocketFrame(fin: false, opcode: .continuation, data: ByteBuffer(bytes: text[9..<20])))
        try await peer.send(WebSocketFrame(fin: true, opcode: .continuation, data: ByteBuffer(bytes: text[20...])))
        #expect(await peer.journal.wait(for: #"text {"event":"websocket:notify","payload":{"n":1}}"#))
        let port = try #require(rig.media.port(rig.leg))
        for (opcode, isLast) in [(WebSocketOpcode.binary, false), (.continuation, false), (.continuation, true)] {
            try await peer.send(
                WebSocketFrame(fin: isLast, opcode: opcode, data: ByteBuffer(repeating: 1, count: 107)))
        }
        // A marker behind them comes once the mix has taken all: 160 samples and an odd byte.
        try await peer.send(
            WebSocketFrame(fin: true, opcode: .text, data: ByteBuffer(string: #"{"action":"notify","payload":2}"#)))
        while port.rings.toMix.fill < 160 { try await Task.sleep(for: .milliseconds(5)) }
        #expect(port.rings.toMix.pop(200).count == 160)
        swh_eventfd_signal(port.doorbell)
        #expect(await peer.journal.wait(for: #"text {"event":"websocket:notify","payload":2}"#))
        let unknown = try #require(WebSocketOpcode(encodedWebSocketOpcode: 3))
        try await peer.send(WebSocketFrame(fin: true, opcode: unknown, data: ByteBuffer()))
        #expect(await peer.journal.wait(for: "close 1002"))
        #expect(await rig.journal.wait(for: "event closed"))
        await rig.close(peer)
    }

    @Test("a leg whose handshake is given up reports nothing")
    func givenUp() async throws {
        let peer = try await SocketPeer([])
        let rig = try await Rig()
        rig.legs.open(
            rig.leg, SocketCall(uri: "ws://127.0.0.1:\(peer.port)/", rate: 8000), application: ApplicationID("a"),
            timeoutSeconds: 5)
        rig.legs.close(rig.leg)
        let next = LegID.make()
        rig.legs.open(
            next, SocketCall(uri: "http://127.0.0.1/", rate: 8000), application: ApplicationID("a"), timeoutSeconds: 5)
        #expect(await rig.journal.wait(for: "event failed"))
        #expect(!rig.journal.lines.contains { $0.hasPrefix("event opened") })
        await rig.close(peer)
    }
}
