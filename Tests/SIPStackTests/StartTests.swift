import CallModel
import EdgeProtocols
import Foundation
import SIPStack
import Testing

@Suite(.timeLimit(.minutes(1)))
struct StartTests {
    @Test("a port in use is named with what to do", arguments: ["UDP", "TCP"])
    func portInUse(transport: String) async throws {
        let first = try TestStack()
        let port = first.port
        let fault = #expect(throws: SIPFault.self) { try TestStack { $0.port = port } }
        #expect(fault?.code == .listen)
        #expect(fault?.detail.contains("127.0.0.1:\(port)") == true)
        #expect(fault?.detail.contains("already in use") == true)
        #expect(fault?.detail.contains("\n") == false)
        await first.sip.stop()
        try await TestStack { $0.port = port }.sip.stop()
    }

    @Test(
        "addresses that cannot be bound are named",
        arguments: [("192.0.2.77", "no such address"), ("no-number", "numeric")])
    func badAddress(host: String, advice: String) throws {
        let fault = #expect(throws: SIPFault.self) { try TestStack { $0.hosts = [host] } }
        #expect(fault?.detail.contains(host) == true)
        #expect(fault?.detail.contains(advice) == true)
    }

    @Test("a missing or useless certificate is named")
    func badCertificate() throws {
        let missing = #expect(throws: SIPFault.self) {
            try TestStack { $0.tls = .init(port: 0, certificatePath: "/nowhere/sip.pem", keyPath: "/nowhere/sip.key") }
        }
        #expect(missing?.code == .certificate)
        #expect(missing?.detail == "SIP certificate /nowhere/sip.pem: No such file or directory")
        let useless = #expect(throws: SIPFault.self) {
            try TestStack { $0.tls = .init(port: 0, certificatePath: "/etc/hostname", keyPath: "/etc/hostname") }
        }
        #expect(useless?.detail.contains("no PEM certificate") == true)
    }

    private static let loopbackHosts: [String] = {
        let addresses = try? String(contentsOfFile: "/proc/net/if_inet6", encoding: .utf8)
        return addresses?.contains("00000000000000000000000000000001") == true ? ["127.0.0.1", "::1"] : ["127.0.0.1"]
    }()

    @Test("a stack can call itself, over IPv6 too", arguments: loopbackHosts)
    func selfCall(host: String) async throws {
        let box = try TestStack { $0.hosts = [host] }
        let out = box.call(host: host, port: box.port)
        let invite = try await box.incoming()
        #expect(invite.source.host == host)
        #expect(invite.fromHost == (host == "::1" ? "[::1]" : host))
        box.sip.answer(invite.dialog, sdp: SDPText.answer)
        #expect(try await box.answered(out).sdp == SDPText.answer)
        _ = try await box.acknowledged(invite.dialog)
        box.sip.reoffer(out, sdp: SDPText.text(session: 9))
        #expect(try await box.reoffer(invite.dialog) == SDPText.text(session: 9))
        box.sip.answerReoffer(invite.dialog, sdp: SDPText.answer)
        #expect(try await box.reofferAnswered(out).status == 200)
        box.sip.hangUp(invite.dialog)
        #expect(try await box.ended(out) == .bye(reason: nil))
        await box.sip.stop()
        #expect(box.inbox.left.isEmpty)
    }

    @Test("listening on every address, Contact and From name one of the machine's own")
    func wildcard() async throws {
        let box = try TestStack { $0.hosts = ["0.0.0.0"] }
        let out = box.call(port: box.port)
        let invite = try await box.incoming()
        #expect(invite.fromHost != "0.0.0.0" && !invite.fromHost.isEmpty)
        box.sip.answer(invite.dialog, sdp: SDPText.answer)
        _ = try await box.answered(out)
        _ = try await box.acknowledged(invite.dialog)  // it went to the Contact
        await box.sip.stop()
    }

    @Test("stop ends what is left, may be called twice, and drops later calls")
    func stop() async throws {
        let a = try TestStack()
        let b = try TestStack()
        let dialog = a.call(port: b.port)
        let invite = try await b.incoming()
        b.sip.answer(invite.dialog, sdp: SDPText.answer)
        _ = try await a.answered(dialog)
        let ringing = a.call(port: b.port)
        let second = try await b.incoming()
        b.sip.ring(second.dialog, status: 180, sdp: nil)
        _ = try await a.progress(ringing, status: 180)
        async let once: Void = a.sip.stop()
        async let twice: Void = a.sip.stop()
        _ = await (once, twice)
        #expect(try await a.failed(ringing) == (487, true))
        #expect(try await b.ended(invite.dialog) == .bye(reason: nil))
        try await b.inbox.next("cancelled") { if case .cancelled(second.dialog) = $0 { true } else { nil } }
        _ = a.call(port: b.port)
        await a.sip.stop()
        await b.sip.stop()
    }
}

@Suite(.timeLimit(.minutes(1)))
struct TLSTests {
    /// A self-signed certificate for 127.0.0.1 made by the openssl command.
    private static func certificate(in folder: URL) throws -> (certificate: String, key: String) {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let paths = (folder.appending(path: "cert.pem").path, folder.appending(path: "key.pem").path)
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/openssl")
        process.arguments = [
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1,DNS:127.0.0.1", "-keyout", paths.1,
            "-out",
            paths.0,
        ]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return paths
    }

    private static func withFolder(_ body: (URL) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "sip-tls-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try await body(folder)
    }

    /// Makes a stack that trusts `certificate` and has a trunk to call over TLS.
    private static func caller(trusting certificate: String?, own: (String, String)?, verifies: Bool) throws
        -> TestStack
    {
        try TestStack {
            $0.timerT1Milliseconds = 50
            $0.authoritiesPath = certificate
            $0.tls = own.map { .init(port: 0, certificatePath: $0.0, keyPath: $0.1) }
            var trunk = Trunk(name: "far", uri: "sip:127.0.0.1;transport=tls")
            trunk.verifiesCertificate = verifies
            $0.trunks = [trunk]
        }
    }

    @Test(
        "a call over TLS, with and without a certificate of our own, the server's checked or not",
        arguments: [true, false], [true, false])
    func call(hasOwn: Bool, verifies: Bool) async throws {
        try await Self.withFolder { folder in
            let (certificate, key) = try Self.certificate(in: folder)
            let own = hasOwn ? try Self.certificate(in: folder.appending(path: "own")) : nil
            let a = try Self.caller(trusting: verifies ? certificate : nil, own: own, verifies: verifies)
            let b = try TestStack { $0.tls = .init(port: 0, certificatePath: certificate, keyPath: key) }
            let dialog = a.call(port: b.sip.port(.tls), parameters: ";transport=tls", trunk: "far")
            let invite = try await b.incoming()
            #expect(invite.transport == .tls)
            b.sip.answer(invite.dialog, sdp: SDPText.answer)
            #expect(try await a.answered(dialog).sdp == SDPText.answer)
            _ = try await b.acknowledged(invite.dialog)
            a.sip.hangUp(dialog)
            #expect(try await b.ended(invite.dialog) == .bye(reason: nil))
            await a.sip.stop()
            await b.sip.stop()
        }
    }

    @Test("the far side ends a call over TLS at our listener")
    func endedByServer() async throws {
        try await Self.withFolder { folder in
            let (certificate, key) = try Self.certificate(in: folder)
            let a = try Self.caller(trusting: certificate, own: (certificate, key), verifies: true)
            let b = try TestStack {
                $0.authoritiesPath = certificate
                $0.tls = .init(port: 0, certificatePath: certificate, keyPath: key)
            }
            let dialog = a.call(port: b.sip.port(.tls), parameters: ";transport=tls", trunk: "far")
            let invite = try await b.incoming()
            b.sip.answer(invite.dialog, sdp: SDPText.answer)
            _ = try await a.answered(dialog)
            _ = try await b.acknowledged(invite.dialog)
            b.sip.hangUp(invite.dialog)
            #expect(try await a.ended(dialog) == .bye(reason: nil))
            await a.sip.stop()
            await b.sip.stop()
        }
    }

    @Test("a server whose certificate nobody vouches for is not called", arguments: [true, false])
    func untrusted(hasOwn: Bool) async throws {
        try await Self.withFolder { folder in
            let (certificate, key) = try Self.certificate(in: folder)
            let own = hasOwn ? try Self.certificate(in: folder.appending(path: "own")) : nil
            let a = try Self.caller(trusting: nil, own: own, verifies: true)
            let b = try TestStack { $0.tls = .init(port: 0, certificatePath: certificate, keyPath: key) }
            let dialog = a.call(port: b.sip.port(.tls), parameters: ";transport=tls", trunk: "far")
            #expect(try await !a.failed(dialog).fromPeer)
            #expect(b.inbox.left.isEmpty)
            await a.sip.stop()
            await b.sip.stop()
        }
    }

    @Test("a renewed certificate is shown after a reload, a broken one is not")
    func renewed() async throws {
        try await Self.withFolder { folder in
            let (certificate, key) = try Self.certificate(in: folder)
            let b = try TestStack { $0.tls = .init(port: 0, certificatePath: certificate, keyPath: key) }
            let renewed = try Self.certificate(in: folder.appending(path: "renewed"))
            func replace(_ path: String, with source: String) throws {
                try Data(contentsOf: URL(filePath: source)).write(to: URL(filePath: path))
            }
            func isReached(trusting authority: String) async throws -> Bool {
                let a = try Self.caller(trusting: authority, own: nil, verifies: true)
                let dialog = a.call(port: b.sip.port(.tls), parameters: ";transport=tls", trunk: "far")
                let isReached = try await a.failed(dialog).fromPeer
                await a.sip.stop()
                return isReached
            }
            func refuseNext() async throws {
                let invite = try await b.incoming()
                b.sip.refuse(invite.dialog, status: 486, reason: nil, retryAfterSeconds: nil)
            }
            try replace(certificate, with: renewed.0)
            b.sip.reload(trunks: [])
            // The key does not fit: the old certificate stays, which nobody trusts by the renewed one.
            #expect(try await !isReached(trusting: renewed.0))
            try replace(key, with: renewed.1)
            b.sip.reload(trunks: [])
            async let refusal: Void = refuseNext()
            #expect(try await isReached(trusting: renewed.0))
            try await refusal
            await b.sip.stop()
        }
    }
}
