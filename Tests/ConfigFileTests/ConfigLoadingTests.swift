import CallModel
import ConfigFile
import EdgeProtocols
import Foundation
import Testing

@Suite("Reading a configuration")
struct ConfigLoadingTests {
    @Test("without a file the documented defaults are in force")
    func defaults() throws {
        let box = try SwitchhookConfiguration.load(file: nil)
        #expect(box.sip.listen == NetworkAddress(host: "127.0.0.1", port: 5060))
        #expect(box.sip.transports == [.udp, .tcp])
        #expect(box.sip.tlsListen.port == 5061)
        #expect(box.http.listen == NetworkAddress(host: "127.0.0.1", port: 8080))
        #expect(box.media.rtpPorts == PortRange(first: 10_000, last: 19_999))
        #expect(box.store.path == "./var")
        #expect(box.webhooks.connectionsPerHost == 64)
    }

    @Test("text stays text, whatever it looks like")
    func textStaysText() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write(
            "box.yaml",
            "account: {api_key: 0644, api_secret: no}\ntrunks: {1.0: {uri: sip:a, username: 1e3, prefixes: [044, 0x1]}}\n"
        )
        let box = try SwitchhookConfiguration.load(file: file)
        #expect(box.account.apiKey == "0644")
        #expect(box.account.apiSecret == "no")
        #expect(box.trunks["1.0"]?.username == "1e3")
        #expect(box.trunks["1.0"]?.prefixes == ["044", "0x1"])
    }

    @Test("the command line goes before the environment, that before the file, that before the state folder of systemd")
    func precedence() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("box.yaml", "sip: {listen: 10.0.0.1:1}\nhttp: {listen: 10.0.0.1:2}\n")
        let box = try SwitchhookConfiguration.load(
            file: file,
            environment: [
                "SWITCHHOOK_SIP_LISTEN": "10.0.0.2:1", "SWITCHHOOK_HTTP_LISTEN": "10.0.0.2:2",
                "SWITCHHOOK_SIP_TRANSPORTS": "tcp", "STATE_DIRECTORY": "/srv/a:/srv/b", "HOME": "/",
            ],
            overrides: ["sip.listen=[::1]:3"])
        #expect(box.sip.listen == NetworkAddress(host: "::1", port: 3))
        #expect(box.http.listen.description == "10.0.0.2:2")
        #expect(box.sip.transports == [.tcp])
        #expect(box.store.path == "/srv/a")
        let named = try folder.write("named.yaml", "store: {path: /srv/c}\n")
        let other = try SwitchhookConfiguration.load(file: named, environment: ["STATE_DIRECTORY": "/srv/a"])
        #expect(other.store.path == "/srv/c")
    }

    @Test(
        "an override that cannot be used names itself",
        arguments: [
            (
                ["SWITCHHOOK_SIP_LISTN": "a:1"], [],
                "SWITCHHOOK_SIP_LISTN: no such setting (did you mean SWITCHHOOK_SIP_LISTEN?)"
            ),
            (
                ["SWITCHHOOK_SIP_LISTEN": "a"], [],
                "SWITCHHOOK_SIP_LISTEN: sip.listen: expected address host:port, found \"a\""
            ),
            ([:], ["sip.lisen=a:1"], "--set: sip.lisen: unknown key (did you mean sip.listen?)"),
            ([:], ["sip.listen"], "--set: sip.listen: expected path=value"),
            (
                [:], ["users.kiosk.auto_answer=true"],
                "--set: users.kiosk.auto_answer: users can only be set in the file"
            ),
        ] as [([String: String], [String], String)])
    func overrideFaults(environment: [String: String], overrides: [String], expected: String) {
        #expect(faults(file: nil, environment: environment, overrides: overrides) == [expected])
    }

    @Test("the old spelling connection_timeout is read, but not beside the new one")
    func alias() throws {
        func box(_ keys: String) throws -> String {
            let webhook = "{address: \"http://h/a\", \(keys)}"
            return "applications: {a: {capabilities: {voice: {webhooks: {answer_url: \(webhook)}}}}}\n"
        }
        let folder = try TemporaryFolder()
        let file = try folder.write("box.yaml", try box("connection_timeout: 400"))
        let loaded = try SwitchhookConfiguration.load(file: file)
        #expect(loaded.applications["a"]?.answerURL.connectTimeoutMilliseconds == 400)
        let twice = try folder.write("twice.yaml", try box("connection_timeout: 400, connect_timeout: 500"))
        #expect(faults(file: twice).count == 1)
    }

    @Test("the directory holds what the file says, files resolved beside it")
    func directory() throws {
        let folder = try TemporaryFolder()
        _ = try folder.write("script.json", "[]")
        let pem = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"
        _ = try folder.write("public.pem", pem)
        let id = "aaaaaaaa-bbbb-cccc-dddd-0123456789ab"
        let file = try folder.write(
            "box.yaml",
            """
            device: {period: 5ms}
            applications:
              shop:
                id: \(id)
                answer_deadline: 4500ms
                answer_ncco: script.json
                keys: {public_key: public.pem}
                capabilities:
                  voice:
                    webhooks: {answer_url: {address: "http://h/a", http_method: POST}}
                    leg_persistence_time: 31
              other: {}
            numbers:
              "+447700900001": {application: \(id.uppercased())}
              "4477009*": {application: other}
            users:
              kiosk: {device: {playback: "hw:0", periods: 3, mixer: {Master: 80%, Mic Boost: off}}, auto_answer: yes, applications: [shop]}
              guest: {}
            trunks:
              out: {uri: sip:out.example, media: {lock: sdp}, codecs: [opus]}
            """)
        let box = try SwitchhookConfiguration.load(file: file)
        let account = Account(apiKey: "k", apiSecret: "s", signatureSecret: "g")
        let directory = try box.directory(account: account)
        let shop = try #require(directory.applications[ApplicationID(id)])
        #expect(shop.name == "shop")
        #expect(shop.answerURL?.target == WebhookTarget(url: "http://h/a", method: .post))
        #expect(shop.answerDeadlineMilliseconds == 4500 && shop.legPersistenceDays == 31)
        #expect(shop.answerNCCOFile == folder.path + "/script.json")
        #expect(shop.publicKeyPEM == pem)
        #expect(directory.route(for: "+447700900001")?.application == shop.id)
        #expect(directory.route(for: "447700900999")?.application == box.applicationID(named: "other"))
        let kiosk = try #require(directory.users["kiosk"]?.device)
        #expect(kiosk.playback == ["hw:0"] && kiosk.capture == ["none"])
        #expect(kiosk.mixer == ["Master": 80, "Mic Boost": nil])
        #expect(kiosk.periodMicroseconds == 5000 && kiosk.periods == 3 && kiosk.autoAnswer)
        #expect(directory.users["guest"]?.device == nil)
        #expect(directory.trunks.first?.mediaLock == .sdp)
        #expect(directory.trunks.first?.codecs == ["opus"])
    }

    @Test("a headset needs no echo cancellation, unless it is asked for; a user's own keys go first")
    func voiceKeys() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write(
            "box.yaml",
            """
            device: {noise_suppression: false}
            users:
              desk: {device: {playback: default}}
              headset: {device: {playback: default, headset: true}}
              both: {device: {playback: default, headset: true, echo_cancellation: true}}
              raw: {device: {playback: default, echo_cancellation: false, noise_suppression: true, gain_control: false}}
            """)
        let users = try SwitchhookConfiguration.load(file: file).directory(
            account: Account(apiKey: "k", apiSecret: "s", signatureSecret: "g")
        )
        .users
        let settings = ["desk", "headset", "both", "raw"].map { name in
            users[name]?.device.map { [$0.cancelsEcho, $0.suppressesNoise, $0.controlsGain] }
        }
        #expect(settings == [[true, false, true], [false, false, true], [true, false, true], [false, true, false]])
    }

    @Test("the id of an Application without one is a UUID that is always the same")
    func derivedID() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("box.yaml", "applications: {sample: {}, other: {}}\n")
        let first = try SwitchhookConfiguration.load(file: file)
        let sample = try #require(first.applicationID(named: "sample"))
        #expect(sample == ApplicationID("f3d802fe-7a8b-84c7-a228-398e87f6c1ae"))
        #expect(first.applicationID(named: sample.text) == sample)
        #expect(first.applicationID(named: "other") != sample)
    }

    @Test("a key file that holds no PEM is a fault of the directory")
    func badKeyFile() throws {
        let folder = try TemporaryFolder()
        _ = try folder.write("key.pem", "hello")
        let file = try folder.write("box.yaml", "applications:\n  a:\n    keys: {private_key: key.pem}\n")
        let box = try SwitchhookConfiguration.load(file: file)
        let account = Account(apiKey: "k", apiSecret: "s", signatureSecret: "g")
        let error = #expect(throws: ConfigFaults.self) { try box.directory(account: account) }
        #expect(
            error?.description == "\(file):3: applications.a.keys.private_key: \(folder.path)/key.pem holds no PEM key")
    }
}
