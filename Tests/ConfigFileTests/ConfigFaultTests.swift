import ConfigFile
import Foundation
import Testing

@Suite("Faults of a configuration file")
struct ConfigFaultTests {
    @Test(
        "each kind of fault names file, line, path and reason",
        arguments: [
            ("sip:\n  listn: 127.0.0.1:5060\n", ":2: sip.listn: unknown key (did you mean listen?)"),
            ("sipp:\n  listen: 127.0.0.1:5060\n", ":1: sipp: unknown key (did you mean sip?)"),
            ("sip.listen: 127.0.0.1:5060\n", ":1: sip.listen: unknown key"),
            ("sip:\n  max_calls: many\n", ":2: sip.max_calls: expected integer 1…100000 calls, found \"many\""),
            ("sip:\n  max_calls: 0\n", ":2: sip.max_calls: expected integer 1…100000 calls, found \"0\""),
            ("sip:\n  max_calls: [1]\n", ":2: sip.max_calls: expected integer 1…100000 calls, found a list"),
            ("sip: hello\n", ":1: sip: expected a mapping, found text"),
            ("sip: [a]\n", ":1: sip: expected a mapping, found a list"),
            ("sip:\n  listen: 127.0.0.1\n", ":2: sip.listen: expected address host:port, found \"127.0.0.1\""),
            (
                "sip:\n  listen: 127.0.0.1:99999\n",
                ":2: sip.listen: expected address host:port, found \"127.0.0.1:99999\""
            ),
            ("sip:\n  transports: [udp, sctp]\n", ":2: sip.transports.1: expected udp | tcp, found \"sctp\""),
            (
                "sip:\n  transports: []\n",
                ":2: sip.transports: empty, and no TLS certificate is set: SIP would listen nowhere"
            ),
            ("sip:\n  ring_timeout: 90\n", ":2: sip.ring_timeout: expected duration 5s…10m, found \"90\""),
            ("sip:\n  ring_timeout: 2d\n", ":2: sip.ring_timeout: expected duration 5s…10m, found \"2d\""),
            (
                "media:\n  rtp_ports: 20000-10000\n",
                ":2: media.rtp_ports: expected port range first-last, found \"20000-10000\""
            ),
            ("media:\n  offer_gcm: perhaps\n", ":2: media.offer_gcm: expected true or false, found \"perhaps\""),
            ("limits:\n  prompt_file: 1TiB\n", ":2: limits.prompt_file: expected size 1KiB…1GiB, found \"1TiB\""),
            ("account:\n  api_secret: [a]\n", ":2: account.api_secret: expected text, found a list"),
            ("sip:\n  listen: a:1\n  listen: b:2\n", ":2: listen: given twice in one mapping"),
            ("sip: {\n", ":2: not valid YAML: did not find expected node content"),
            ("users: [kiosk]\n", ":1: users: expected a mapping keyed by name, found a list"),
            ("users:\n  kiosk:\n    devize: {}\n", ":3: users.kiosk.devize: unknown key (did you mean device?)"),
            (
                "users:\n  kiosk:\n    device:\n      mixer: {Master: 80}\n",
                ":4: users.kiosk.device.mixer.Master: expected 0%…100% or off, found \"80\""
            ),
            (
                "users:\n  kiosk:\n    device:\n      mixer: [Master]\n",
                ":4: users.kiosk.device.mixer: expected mapping of name to 0%…100% or off, found a list"
            ),
            (
                "numbers:\n  \"44 77\": {application: a}\n",
                ":2: numbers.44 77: a number has 1 to 32 digits or letters and may end in *"
            ),
            (
                "numbers:\n  \"4477\": {application: shp}\napplications: {shop: {}}\n",
                ":2: numbers.4477.application: no application named \"shp\" (did you mean shop?)"
            ),
            ("numbers:\n  \"4477\": {}\n", ":2: numbers.4477: needs application"),
            (
                "numbers:\n  \"4477\": {application: a}\n  \"+4477\": {application: a}\napplications: {a: {}}\n",
                ":2: numbers.4477: is the same number as +4477"
            ),
            ("trunks:\n  out: {register: true}\n", ":2: trunks.out: needs uri"),
            ("trunks:\n  out: {uri: \"tel:1\"}\n", ":2: trunks.out.uri: expected sip: or sips: URI, found \"tel:1\""),
            ("trunks:\n  out:\n    uri: sip:a\n    password: x\n", ":4: trunks.out.password: needs username as well"),
            (
                "trunks:\n  out:\n    uri: sip:a\n    addresses: 10.0.0.0/40\n",
                ":4: trunks.out.addresses.0: expected address or network address/bits, found \"10.0.0.0/40\""
            ),
            (
                "sip:\n  tls_certificate: missing.pem\n",
                ":2: sip.tls_certificate: cannot read {folder}/missing.pem: No such file or directory"
            ),
            ("applications:\n  a: {id: x}\n", ":2: applications.a.id: expected UUID, found \"x\""),
        ])
    func located(yaml: String, expected: String) throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("box.yaml", yaml)
        let wanted = file + expected.replacingOccurrences(of: "{folder}", with: folder.path)
        #expect(faults(file: file).contains(wanted), "got \(faults(file: file))")
    }

    @Test("all faults of a file are told at once, in its order")
    func allAtOnce() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("box.yaml", "sip: {max_calls: 0}\nhttp: {lisen: a:1}\nlog: {level: loud}\n")
        let found = faults(file: file)
        #expect(found.count == 3)
        #expect(zip(found, [":1: ", ":2: ", ":3: "]).allSatisfy { $0.hasPrefix(file + $1) })
    }

    @Test("a value that must stay secret is not repeated in its fault")
    func secretsStayHidden() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write(
            "box.yaml", "account: {api_secret: \"\"}\ntrunks: {t: {uri: sip:a, password: hunter2}}\n")
        let text = faults(file: file).joined()
        #expect(!text.isEmpty && !text.contains("hunter2"))
    }

    @Test("a missing file, a folder and bytes that are no text are faults", arguments: ["missing", "folder", "bytes"])
    func unreadable(kind: String) throws {
        let folder = try TemporaryFolder()
        var path = folder.path + "/none.yaml"
        if kind == "folder" { path = folder.path }
        if kind == "bytes" {
            path = folder.path + "/bytes.yaml"
            try Data([0x73, 0xFF, 0xFE]).write(to: URL(fileURLWithPath: path))
        }
        #expect(faults(file: path).count == 1)
    }

    @Test("two Applications with one id, and an RTC webhook by GET, are refused")
    func applicationFaults() throws {
        let folder = try TemporaryFolder()
        let id = "aaaaaaaa-bbbb-cccc-dddd-0123456789ab"
        let file = try folder.write(
            "box.yaml",
            """
            applications:
              one: {id: \(id)}
              two:
                id: \(id.uppercased())
                capabilities:
                  rtc:
                    webhooks:
                      event_url: {address: "http://localhost/rtc", http_method: GET}
            """)
        let found = faults(file: file)
        #expect(found.contains("\(file):3: applications.two: has the id of one: \(id)"))
        #expect(
            found.contains { $0.hasPrefix("\(file):8: ") && $0.hasSuffix("must be POST: the event is in the body") })
    }
}

func faults(file: String?, environment: [String: String] = [:], overrides: [String] = []) -> [String] {
    do {
        _ = try SwitchhookConfiguration.load(file: file, environment: environment, overrides: overrides)
        return []
    } catch {
        return error.faults.map(\.description)
    }
}

/// A folder that goes away with its owner.
final class TemporaryFolder {
    let path: String
    init() throws {
        path = NSTemporaryDirectory() + "switchhook-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }
    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ name: String, _ text: String) throws -> String {
        let file = path + "/" + name
        try text.write(toFile: file, atomically: true, encoding: .utf8)
        return file
    }
}
