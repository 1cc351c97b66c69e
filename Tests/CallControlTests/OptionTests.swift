import CallControl
import CallModel
import EdgeProtocols
import NCCO
import Testing
import WireJSON

/// What an option of a call script, as an Application writes it, brings about.
@Suite("options of call scripts") struct OptionTests {
    /// A call that runs the script `[actions]`.
    private func rig(_ actions: String) throws -> Rig {
        let rig = Rig()
        rig.knock()
        rig.give(.script(try Script.parse(Array("[\(actions)]".utf8)).actions))
        return rig
    }

    /// The same, after its `connect` was answered.
    private func connected(_ options: String, then rest: String = "") throws -> (rig: Rig, callee: LegID) {
        let rig = try rig(
            #"{"action":"connect","endpoint":[{"type":"phone","number":"447700900002"}]\#(options)}\#(rest)"#)
        let callee = try #require(rig.callee)
        rig.send(.sip(callee, .answered))
        return (rig, callee)
    }

    private func timers(_ rig: Rig, _ fits: (TimerKey) -> Bool) -> [Duration] {
        rig.effects.compactMap { if case .setTimer(let key, let time) = $0, fits(key) { time } else { nil } }
    }

    private func plays(_ rig: Rig) -> [(source: PromptSource, loop: Int, level: Double)] {
        rig.effects.compactMap { effect in
            if case .play(_, let source, _, let loop, let level) = effect { (source, loop, level) } else { nil }
        }
    }

    private func listenings(_ rig: Rig) -> [(target: LegID, task: ListeningTask)] {
        rig.effects.compactMap { effect in
            if case .startListening(_, let target, _, let task) = effect { (target, task) } else { nil }
        }
    }

    private func audio(_ rig: Rig) throws -> MemberAudio {
        try #require(
            rig.effects.compactMap { effect in
                if case .attach(rig.caller, let audio) = effect { audio } else { nil }
            }.last)
    }

    // MARK: Every action with events of its own

    @Test(
        "eventUrl and eventMethod of an action are where its events go, and how",
        arguments: ["record", "conversation", "connect", "input", "keys", "notify"])
    func events(action: String) throws {
        let url = #","eventUrl":["http://h/own"],"eventMethod":"GET""#
        let rig: Rig
        var type = action
        switch action {
        case "record":
            rig = try self.rig(#"{"action":"record"\#(url)},{"action":"wait"}"#)
            rig.send(
                .recordingEnded(
                    rig.caller, try #require(rig.recordings.last?.0),
                    RecordingResult(byteCount: 1, milliseconds: 1, failure: nil)))
        case "conversation":
            type = "record"
            rig = try self.rig(#"{"action":"conversation","name":"hall","record":true\#(url)}"#)
            rig.sendToRoom("hall", .sip(rig.caller, .ended(.bye(reason: nil))))
            rig.sendToRoom(
                "hall",
                .recordingEnded(
                    nil, try #require(rig.recordings.last?.0),
                    RecordingResult(byteCount: 1, milliseconds: 1, failure: nil)))
        case "connect":
            type = "answered"
            rig = try connected(url).rig
            #expect(rig.rows.last { $0.type == "started" }?.destination?.url == "http://h/own")
            rig.rows.removeAll { row in row.leg == rig.caller }
        case "input", "keys":
            type = "input"
            let mode = action == "keys" ? #","mode":"asynchronous""# : #","dtmf":{"maxDigits":1}"#
            rig = try self.rig(#"{"action":"input","type":["dtmf"]\#(mode)\#(url)},{"action":"wait"}"#)
            rig.send(.digit(rig.caller, "1", durationMilliseconds: 100))
        default: rig = try self.rig(#"{"action":"notify","payload":{}\#(url)}"#)
        }
        let row = try #require(rig.rows.last { $0.stream == .voice && $0.type == type })
        #expect(row.destination == WebhookTarget(url: "http://h/own", method: .get))
        if row.delivery == .asked {
            let asked = rig.effects.compactMap { if case .ask(_, _, let request) = $0 { request.target } else { nil } }
            #expect(asked.last == row.destination)
        }
    }

    // MARK: record

    @Test(
        "a recording has the format, the channels and the silence that were asked for",
        arguments: [
            ("", RecordingFormat.mp3, 1, nil), (#","format":"ogg""#, .ogg, 1, nil),
            (#","split":"conversation","channels":2"#, .mp3, 2, nil),
            (#","split":"conversation","channels":32"#, .wav, 32, nil), (#","endOnSilence":3.5"#, .mp3, 1, 3.5),
        ] as [(String, RecordingFormat, Int, Double?)])
    func recording(options: String, format: RecordingFormat, channels: Int, silence: Double?) throws {
        let rig = try rig(#"{"action":"record"\#(options)}"#)
        let setting = rig.effects.compactMap { effect in
            if case .startRecording(_, _, let setting) = effect { setting } else { nil }
        }.last
        #expect(setting?.format == format && setting?.channels == channels && setting?.silenceSeconds == silence)
    }

    // MARK: connect

    @Test("timeout of connect is how long B rings, limit how long it talks", arguments: [true, false])
    func times(given: Bool) throws {
        let (rig, callee) = try connected(given ? #","timeout":7,"limit":"9""# : "")
        #expect(timers(rig) { $0 == .ring(callee) } == [.seconds(given ? 7 : 60)])
        #expect(timers(rig) { $0 == .length(callee) } == [.seconds(given ? 9 : 7200)])
        rig.send(.timer(.length(callee)))
        #expect(rig.voice("completed")?["disconnected_by"] == "platform")
    }

    @Test("from is the caller id of the new leg, also when that is an app user's", arguments: ["phone", "app"])
    func from(kind: String) throws {
        let endpoint = kind == "phone" ? #"{"type":"phone","number":"447700900002"}"# : #"{"type":"app","user":"bob"}"#
        let from = kind == "phone" ? "441632960555" : "alice"
        let rig = try rig(#"{"action":"connect","from":"\#(from)","endpoint":[\#(endpoint)]}"#)
        let leg = try #require(rig.legs.last { $0.direction == .outbound })
        #expect(leg.from?.address == from)
        let dialled = rig.effects.compactMap { if case .dial(_, _, let dial) = $0 { dial.fromUser } else { nil } }
        #expect(dialled == (kind == "phone" ? [from] : []))
    }

    @Test(
        "machine detection of connect: plain and advanced, which wins, with its time for the beep",
        arguments: [
            (#","machineDetection":"continue""#, nil, true), (#","machineDetection":"hangup""#, nil, true),
            (#","advancedMachineDetection":{"mode":"detect"}"#, nil, true),
            (#","advancedMachineDetection":{"mode":"detect_beep","beep_timeout":50}"#, 50, true),
            (#","advanced_machine_detection":{"mode":"default","beep_timeout":"60"}"#, 60, false),
            (#","machineDetection":"hangup","advancedMachineDetection":{"mode":"default"}"#, 45, false),
        ] as [(String, Int?, Bool)])
    func detection(options: String, beep: Int?, holds: Bool) throws {
        let (rig, callee) = try connected(options, then: #",{"action":"talk","text":"next"}"#)
        #expect(listenings(rig).map(\.target) == [callee])
        #expect(listenings(rig).map(\.task) == [.machine(beepTimeoutSeconds: beep)])
        #expect(rig.rows.contains { $0.type == "audio:say" } == !holds)
    }

    @Test("ringbackTone, as text or as a list of one, plays to the caller until B answers", arguments: [true, false])
    func ringback(isList: Bool) throws {
        let tone = isList ? #"["http://h/tone"]"# : #""http://h/tone""#
        let (rig, _) = try connected(#","ringbackTone":\#(tone)"#)
        #expect(plays(rig).map(\.source) == [.url("http://h/tone")] && plays(rig).map(\.loop) == [0])
        #expect(rig.effects.contains { if case .stopPlay = $0 { true } else { false } })
    }

    // MARK: talk and stream

    @Test("each option of talk reaches the voice, and the event; voiceName is nothing")
    func talk() throws {
        let rig = try rig(
            #"{"action":"talk","text":"Hallo","language":"de-DE","style":2,"level":"-0.5","loop":"3","premium":true,"#
                + #""voiceName":"Marlene"}"#)
        #expect(plays(rig).map(\.source) == [.speech(text: "Hallo", language: "de-DE", style: 2)])
        #expect(plays(rig).map(\.loop) == [3] && plays(rig).map(\.level) == [-0.5])
        let body = try JSON(parsing: try #require(rig.rows.last { $0.type == "audio:say" }).body)["body"]
        #expect(body?["premium"] == true && body?["language"] == "de-DE" && body?["style"] == 2 && body?["loop"] == 3)
        #expect(body?["level"] == .double(-0.5) && body?["ssml"] == false)
    }

    @Test("each option of stream reaches the player; a loop of zero goes on until it is stopped")
    func stream() throws {
        let rig = try rig(
            #"{"action":"stream","streamUrl":["http://h/a.mp3"],"level":0.34,"loop":0},{"action":"wait"}"#)
        #expect(plays(rig).map(\.source) == [.url("http://h/a.mp3")])
        #expect(plays(rig).map(\.loop) == [0] && plays(rig).map(\.level) == [0.3])
        #expect(timers(rig) { if case .wait = $0 { true } else { false } }.isEmpty, "it holds the script")
    }

    // MARK: input

    @Test("the time for keys counts from the last one", arguments: [("", 3), (#","dtmf":{"timeOut":9}"#, 9)])
    func keyTime(options: String, seconds: Int) throws {
        let rig = try rig(#"{"action":"input","type":["dtmf"]\#(options)}"#)
        rig.send(.digit(rig.caller, "1", durationMilliseconds: 100))
        #expect(timers(rig) { $0 == .digits(rig.caller) } == [.seconds(seconds), .seconds(seconds)])
    }

    @Test("each setting of speech reaches the recogniser, and uuid names who is listened to")
    func speech() throws {
        let connect = #"{"action":"connect","endpoint":[{"type":"phone","number":"447700900002"}]},"#
        let options =
            #""endOnSilence":0.7,"language":"en-GB","context":["yes","no"],"startTimeout":4,"maxDuration":20,"#
            + #""sensitivity":35,"saveAudio":true"#
        let rig = Rig()
        rig.knock()
        rig.give(.script(try Script.parse(Array("[\(connect)\(Self.notify)]".utf8)).actions))
        let callee = try #require(rig.callee)
        rig.send(.sip(callee, .answered))
        let input = #"{"action":"input","type":["speech"],"speech":{"uuid":["\#(callee.text)"],\#(options)}}"#
        rig.give(.script(try Script.parse(Array("[\(input)]".utf8)).actions))
        let heard = try #require(listenings(rig).last)
        #expect(heard.target == callee)
        guard case .speech(let setting) = heard.task else {
            Issue.record("no speech is listened for")
            return
        }
        #expect(setting.language == "en-GB" && setting.context == ["yes", "no"] && setting.endOnSilence == 0.7)
        #expect(setting.startTimeout == 4 && setting.maxDuration == 20 && setting.sensitivity == 35)
        #expect(setting.savePath != nil)
    }

    private static let notify = #"{"action":"notify","payload":{},"eventUrl":["http://h/n"]}"#

    // MARK: conversation, transfer, wait

    @Test("mute and the lists of a conversation are in force from the first moment")
    func room() throws {
        let rig = try rig(
            #"{"action":"conversation","name":"hall","mute":true,"canSpeak":[],"canHear":["a-leg"]}"#)
        #expect(try audio(rig).muted && audio(rig).canSpeak == [] && audio(rig).canHear == [LegID("a-leg")])
        let other = try self.rig(#"{"action":"conversation","name":"hall","canSpeak":["a-leg"]}"#)
        #expect(try !audio(other).muted && audio(other).canSpeak == [LegID("a-leg")] && audio(other).canHear == nil)
    }

    @Test("a transfer puts the leg under its own mute and lists")
    func transfer() throws {
        let rig = Rig()
        rig.openConversation("hall")
        rig.knock()
        let text = #"[{"action":"transfer","conversationId":"CON-hall","canSpeak":["other"],"canHear":[]}]"#
        rig.give(.script(try Script.parse(Array(text.utf8)).actions))
        #expect(try audio(rig).canSpeak == [LegID("other")] && audio(rig).canHear == [] && !audio(rig).muted)
    }

    @Test(
        "wait holds the script for its time, clamped",
        arguments: [
            ("", 10_000), (#","timeout":0.5"#, 500), (#","timeout":-1"#, 100), (#","timeout":9000"#, 7_200_000),
        ])
    func wait(options: String, milliseconds: Int64) throws {
        let rig = try rig(#"{"action":"wait"\#(options)},{"action":"talk","text":"next"}"#)
        #expect(timers(rig) { $0 == .wait(rig.caller) } == [.milliseconds(milliseconds)])
        #expect(!rig.rows.contains { $0.type == "audio:say" })
        rig.send(.timer(.wait(rig.caller)))
        #expect(rig.rows.contains { $0.type == "audio:say" })
    }
}
