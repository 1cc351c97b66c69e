import CallModel
import NCCO
import Testing
import WireJSON

struct RoomAndRecordTests {
    @Test("record has its documented defaults and runs beside the call")
    func recordDefaults() throws {
        guard case .record(let record) = try action(#"[{"action":"record"}]"#) else { throw NotThatAction() }
        #expect(record == Record())
        #expect(record.format == .mp3 && record.channels == 1 && !record.isSplit && !record.isSynchronous)
    }

    @Test("record takes every option")
    func recordOptions() throws {
        let text = """
            [{"action":"record","format":"ogg","split":"conversation","channels":"32","endOnSilence":"9.5","endOnKey":"*",
              "timeOut":"7200","beepStart":"true","transcription":{"language":"en-US","eventUrl":["http://a.test/t"],
              "sentimentAnalysis":true},"eventUrl":["http://a.test/e"]}]
            """
        guard case .record(let record) = try action(text) else { throw NotThatAction() }
        #expect(record.format == .ogg && record.isSplit && record.channels == 32 && record.endOnSilence == 9.5)
        #expect(record.endOnKey == "*" && record.timeOut == 7200 && record.beepStart && record.isSynchronous)
        #expect(record.transcription?.language == "en-US" && record.transcription?.sentimentAnalysis == true)
        #expect(record.transcription?.event == WebhookTarget(url: "http://a.test/t", method: .post))
        #expect(record.event == WebhookTarget(url: "http://a.test/e", method: .post))
    }

    @Test(
        "channels and format of a recording follow each other",
        arguments: [
            ("", 1, Record.Format.mp3), (#","split":"conversation""#, 2, .mp3),
            (#","split":"conversation","channels":1"#, 1, .mp3), (#","split":"conversation","channels":3"#, 3, .wav),
            (#","split":"conversation","channels":3,"format":"mp3""#, 3, .wav),
            (#","split":"conversation","channels":3,"format":"ogg""#, 3, .ogg), (#","format":"wav""#, 1, .wav),
        ])
    func channels(options: String, channels: Int, format: Record.Format) throws {
        guard case .record(let record) = try action(#"[{"action":"record"\#(options)}]"#) else { throw NotThatAction() }
        #expect(record.channels == channels && record.format == format)
    }

    @Test("a time limit alone does not hold the call")
    func timeOutAlone() throws {
        guard case .record(let record) = try action(#"[{"action":"record","timeOut":3}]"#) else {
            throw NotThatAction()
        }
        #expect(!record.isSynchronous)
    }

    @Test("every key ends a recording", arguments: Array("0123456789*#"))
    func endKeys(key: Character) throws {
        guard case .record(let record) = try action(#"[{"action":"record","endOnKey":"\#(key)"}]"#) else {
            throw NotThatAction()
        }
        #expect(record.endOnKey == key)
    }

    @Test(
        "faulty options of a recording are refused where they stand",
        arguments: [
            (#""endOnKey":1"#, "/0/endOnKey"), (#""endOnKey":"""#, "/0/endOnKey"), (#""endOnKey":"é""#, "/0/endOnKey"),
            (#""timeOut":3.5"#, "/0/timeOut"), (#""split":true"#, "/0/split"), (#""format":"MP3""#, "/0/format"),
            (#""channels":"two""#, "/0/channels"), (#""transcription":{"eventUrl":"x"}"#, "/0/transcription/eventUrl"),
            (#""transcription":{"sentimentAnalysis":1}"#, "/0/transcription/sentimentAnalysis"),
            (#""transcription":null"#, "/0/transcription"), (#""eventMethod":7"#, "/0/eventMethod"),
        ])
    func faultyRecord(option: String, path: String) throws {
        #expect(try faultPaths(of: #"[{"action":"record",\#(option)}]"#) == [path])
    }

    @Test("conversation has its documented defaults")
    func roomDefaults() throws {
        let room = ConversationAction(name: "board")
        #expect(try action(#"[{"action":"conversation","name":"board"}]"#) == .conversation(room))
        #expect(room.startOnEnter && !room.endOnExit && !room.record && room.canSpeak == nil && room.canHear == nil)
    }

    @Test("conversation takes every option")
    func roomOptions() throws {
        let text = """
            [{"action":"conversation","name":"r","musicOnHoldUrl":["http://a.test/m"],"startOnEnter":"false",
              "endOnExit":true,"record":true,"canSpeak":[],"canHear":["a","b"],"mute":true,"transcription":{},
              "eventUrl":["http://a.test/e"],"eventMethod":"GET"}]
            """
        guard case .conversation(let room) = try action(text) else { throw NotThatAction() }
        #expect(room.musicOnHoldURL == "http://a.test/m" && !room.startOnEnter && room.endOnExit && room.record)
        #expect(
            room.canSpeak == [] && room.canHear == ["a", "b"] && room.mute && room.transcription == Transcription())
        #expect(room.event == WebhookTarget(url: "http://a.test/e", method: .get))
    }

    @Test("transfer takes the id under both of its names")
    func transfer() throws {
        var expected = Transfer(conversation: ConversationID("CON-1"))
        expected.canHear = ["a"]
        expected.mute = true
        for name in ["conversationId", "conversation_id"] {
            let text = #"[{"action":"transfer","\#(name)":"CON-1","canHear":["a"],"mute":"true"}]"#
            #expect(try action(text) == .transfer(expected))
        }
    }

    @Test(
        "faulty options of a room are refused where they stand",
        arguments: [
            (#"{"action":"conversation","name":5}"#, "/0/name"),
            (#"{"action":"conversation","name":"r","musicOnHoldUrl":["a","b"]}"#, "/0/musicOnHoldUrl"),
            (#"{"action":"conversation","name":"r","musicOnHoldUrl":"a"}"#, "/0/musicOnHoldUrl"),
            (#"{"action":"conversation","name":"r","canSpeak":[1]}"#, "/0/canSpeak/0"),
            (#"{"action":"transfer","conversation_id":"x"}"#, "/0/conversation_id"),
            (#"{"action":"transfer","conversationId":"CON-"}"#, "/0/conversationId"),
        ])
    func faultyRoom(action: String, path: String) throws {
        #expect(try faultPaths(of: "[\(action)]") == [path])
    }

    @Test("notify carries its payload as it is")
    func notify() throws {
        let text = #"[{"action":"notify","payload":{"b":1,"a":[true]},"eventUrl":["http://a.test/e"]}]"#
        let expected = Notify(
            payload: JSONObject([("b", 1), ("a", [true])]), event: WebhookTarget(url: "http://a.test/e", method: .post))
        #expect(try action(text) == .notify(expected))
        #expect(try faultPaths(of: #"[{"action":"notify"}]"#) == ["/0/payload", "/0/eventUrl"])
        #expect(
            try faultPaths(of: #"[{"action":"notify","payload":[],"eventUrl":["http://a.test"]}]"#) == ["/0/payload"])
    }

    @Test(
        "the seconds of wait are clamped, ten when not given",
        arguments: [
            ("", 10.0), (#","timeout":null"#, 10), (#","timeout":"0.5""#, 0.5), (#","timeout":-3"#, 0.1),
            (#","timeout":0.05"#, 0.1), (#","timeout":7200"#, 7200), (#","timeout":1e30"#, 7200), (#","timeout":1"#, 1),
        ])
    func wait(option: String, seconds: Double) throws {
        #expect(try action(#"[{"action":"wait"\#(option)}]"#) == .wait(seconds: seconds))
    }

    @Test("a wait that is no number is refused", arguments: ["true", "{}", "\"\"", "\"1s\""])
    func faultyWait(value: String) throws {
        #expect(try faultPaths(of: #"[{"action":"wait","timeout":\#(value)}]"#) == ["/0/timeout"])
    }
}
