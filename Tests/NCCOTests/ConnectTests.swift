import CallModel
import NCCO
import Testing
import WireJSON

struct ConnectTests {
    private static let app = #"{"type":"app","user":"alice"}"#

    private func connect(_ options: String) throws -> Connect {
        let text = #"[{"action":"connect","endpoint":[\#(Self.app)]\#(options)}]"#
        guard case .connect(let connect) = try action(text) else { throw NotThatAction() }
        return connect
    }

    @Test("connect has its documented defaults")
    func defaults() throws {
        #expect(try connect("") == Connect(endpoint: .app(user: "alice")))
        let connect = try connect("")
        #expect(connect.timeout == 60 && connect.limit == 7200 && !connect.isSynchronous && connect.from == nil)
    }

    @Test("every option is taken")
    func options() throws {
        let connect = try connect(
            """
            ,"from":"+447700900000","eventType":"synchronous","timeout":"120","limit":1,"machineDetection":"hangup",
            "advancedMachineDetection":{"behavior":"hangup","mode":"detect_beep","beep_timeout":"120"},
            "eventUrl":["https://a.test/e","nonsense"],"eventMethod":"Post","ringbackTone":["http://a.test/r.mp3"]
            """)
        #expect(connect.from == "447700900000" && connect.isSynchronous && connect.timeout == 120 && connect.limit == 1)
        #expect(connect.machineDetection == .hangup)
        #expect(connect.advancedMachineDetection?.behavior == .hangup)
        #expect(connect.advancedMachineDetection?.mode == .detectBeep)
        #expect(connect.advancedMachineDetection?.beepTimeout == 120)
        #expect(connect.event == WebhookTarget(url: "https://a.test/e", method: .post))
        #expect(connect.ringbackTone == "http://a.test/r.mp3")
    }

    @Test(
        "the caller id is bare digits or a user name",
        arguments: [
            ("+447700900000", "447700900000"), ("447700900000", "447700900000"), ("1001", "1001"), ("alice", "alice"),
            ("+alice", "+alice"), ("+", "+"),
        ])
    func callerID(given: String, shown: String) throws {
        #expect(try connect(#","from":"\#(given)""#).from == shown)
    }

    @Test("a random caller id excludes a given one, false does not")
    func randomCallerID() throws {
        #expect(try connect(#","randomFromNumber":"true""#).randomFromNumber)
        #expect(try !connect(#","randomFromNumber":false,"from":"447700900000""#).randomFromNumber)
    }

    @Test("a ring time above 120 s is clamped with a warning")
    func clampedTimeout() throws {
        let script = try Script.parse(
            Array(#"[{"action":"connect","endpoint":[\#(Self.app)],"timeout":7200}]"#.utf8))
        guard case .connect(let connect)? = script.actions.first else { throw NotThatAction() }
        #expect(connect.timeout == 120)
        #expect(script.warnings.map(\.path) == ["/0/timeout"])
    }

    @Test(
        "options out of range or of the wrong type are refused where they stand",
        arguments: [
            (#""timeout":null"#, "/0/timeout"), (#""timeout":-1"#, "/0/timeout"), (#""limit":"x""#, "/0/limit"),
            (#""from":7"#, "/0/from"), (#""from":"""#, "/0/from"), (#""machineDetection":true"#, "/0/machineDetection"),
            (#""advanced_machine_detection":[]"#, "/0/advanced_machine_detection"),
            (#""advanced_machine_detection":{"behavior":"x"}"#, "/0/advanced_machine_detection/behavior"),
            (#""advancedMachineDetection":{"beep_timeout":121}"#, "/0/advancedMachineDetection/beep_timeout"),
            (#""ringbackTone":[]"#, "/0/ringbackTone"), (#""ringbackTone":["x"]"#, "/0/ringbackTone/0"),
            (#""ringbackTone":7"#, "/0/ringbackTone"), (#""eventType":null"#, "/0/eventType"),
            (#""eventMethod":"PUT""#, "/0/eventMethod"), (#""eventUrl":null"#, "/0/eventUrl"),
            (#""eventUrl":[7]"#, "/0/eventUrl/0"),
        ])
    func faulty(option: String, path: String) throws {
        #expect(try faultPaths(of: #"[{"action":"connect","endpoint":[\#(Self.app)],\#(option)}]"#) == [path])
    }

    @Test("a method without a URL has no effect and says so")
    func methodWithoutURL() throws {
        let script = try Script.parse(
            Array(#"[{"action":"connect","endpoint":[\#(Self.app)],"eventMethod":"GET"}]"#.utf8))
        #expect(script.warnings.map(\.path) == ["/0/eventMethod"])
    }

    @Test("machine detection of the REST interface is the same object")
    func machineDetectionAlone() throws {
        #expect(try AdvancedMachineDetection.parse(["mode": "default"], path: "/amd").mode == .default)
        let refusal = #expect(throws: ScriptRefusal.self) {
            try AdvancedMachineDetection.parse(["mode": "x"], path: "/amd")
        }
        #expect(refusal?.faults.map(\.path) == ["/amd/mode"])
    }
}
