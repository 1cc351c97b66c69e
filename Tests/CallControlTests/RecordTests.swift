import CallControl
import CallModel
import EdgeProtocols
import NCCO
import Testing
import WireJSON

@Suite struct RecordTests {
    private func recording(_ rig: Rig) throws -> RecordingID {
        try #require(rig.recordings.last?.0)
    }

    private func done(_ bytes: Int64 = 1000, failure: String? = nil) -> RecordingResult {
        RecordingResult(byteCount: bytes, milliseconds: 500, failure: failure)
    }

    @Test("a record without a condition goes on while the script does, and is told before its leg is completed")
    func asynchronous() throws {
        let rig = Rig()
        rig.call(.record(Record()), .talk(Talk(text: "next")))
        let id = try recording(rig)
        #expect(rig.rows.contains { $0.type == "audio:say" })
        #expect(rig.effects.contains { if case .answer = $0 { true } else { false } })
        rig.send(.sip(rig.caller, .ended(.bye(reason: nil))))
        #expect(rig.stopped == [id])
        #expect(!rig.voiceLog.contains("completed inbound"), "the last event waits for the file")
        rig.send(.recordingEnded(rig.caller, id, done()))
        #expect(rig.voiceLog.suffix(2) == ["record", "completed inbound"])
        let event = try #require(rig.voice("record"))
        #expect(event["recording_uuid"]?.string == id.text && event["size"] == 1000)
        #expect(event["recording_url"]?.string?.hasPrefix("http://box/v1/files/") == true)
        #expect(event["recording_url"]?.string?.hasSuffix(id.text) == false)
        #expect(event["status"] == nil && event["conversation_uuid"]?.string == "CON-1")
        let done = try #require(rig.rows.last { $0.type == "audio:record:done" })
        let started = try #require(rig.rows.first { $0.type == "audio:record" })
        #expect(try JSON(parsing: done.body)["body"]?["event_id"] == .int(Int64(started.id ?? 0)))
        #expect(rig.files.map(\.recording) == [id])
        #expect(rig.machine.hasEnded)
    }

    @Test("endOnKey, endOnSilence and timeOut end a synchronous record, and the next action runs when it is told")
    func synchronous() throws {
        for way in ["key", "silence", "time"] {
            let rig = Rig()
            var record = Record()
            record.endOnKey = "#"
            record.endOnSilence = 3
            record.timeOut = 5
            rig.call(.record(record), .talk(Talk(text: "next")))
            let id = try recording(rig)
            #expect(!rig.rows.contains { $0.type == "audio:say" })
            rig.send(.digit(rig.caller, "5", durationMilliseconds: 100))
            #expect(rig.stopped.isEmpty)
            switch way {
            case "key": rig.send(.digit(rig.caller, "#", durationMilliseconds: 100))
            case "silence": rig.send(.recordingSilent(rig.caller, id))
            default: rig.send(.timer(.recording(rig.caller, id)))
            }
            #expect(rig.stopped == [id])
            #expect(!rig.rows.contains { $0.type == "audio:say" })
            rig.send(.recordingEnded(rig.caller, id, done()))
            #expect(rig.voice("record") != nil, "\(way)")
            #expect(rig.rows.contains { $0.type == "audio:say" }, "\(way)")
        }
    }

    @Test("timeOut alone does not block the script")
    func timeOutAlone() throws {
        let rig = Rig()
        var record = Record()
        record.timeOut = 3
        rig.call(.record(record), .wait(seconds: 60))
        let id = try recording(rig)
        #expect(rig.effects.contains { if case .setTimer(.wait, _) = $0 { true } else { false } })
        rig.send(.timer(.recording(rig.caller, id)))
        #expect(rig.stopped == [id])
    }

    @Test("sound is recorded only after the beep")
    func beep() throws {
        let rig = Rig()
        var record = Record()
        record.beepStart = true
        record.endOnKey = "*"
        rig.call(.record(record))
        #expect(rig.recordings.isEmpty)
        rig.send(.playDone(try #require(rig.lastPlay)))
        #expect(rig.recordings.count == 1)
    }

    @Test("a disk that fails is one error event; the call goes on and what was recorded is told")
    func diskFull() throws {
        let rig = Rig()
        rig.call(.record(Record()), .wait(seconds: 60))
        let id = try recording(rig)
        rig.send(.recordingEnded(rig.caller, id, done(failure: "No space left on device")))
        #expect(rig.voiceLog.filter { $0 == "error" }.count == 1)
        #expect(rig.voice("error")?["reason"] == "record: No space left on device")
        #expect(rig.voice("record") != nil)
        #expect(rig.machine.has(rig.caller))
        rig.send(.sip(rig.caller, .ended(.bye(reason: nil))))
        #expect(rig.voiceLog.last == "completed inbound")
    }

    @Test("a file that never becomes complete holds the last event for a bounded time only")
    func patience() throws {
        let rig = Rig()
        rig.call(.record(Record()), .wait(seconds: 60))
        rig.send(.sip(rig.caller, .ended(.bye(reason: nil))))
        rig.send(.timer(.recordingsClosed(rig.caller)))
        #expect(rig.voiceLog.suffix(2) == ["error", "completed inbound"])
    }

    @Test("while the caller's file is completed nothing of its call goes on, and B ends after it")
    func pending() throws {
        let rig = Rig()
        rig.call(.record(Record()), .connect(phone()), .wait(seconds: 60))
        let callee = try #require(rig.callee)
        rig.send(.sip(callee, .answered))
        let id = try recording(rig)
        rig.send(.sip(rig.caller, .ended(.bye(reason: nil))))
        let rows = rig.rows.count
        rig.send(.digit(rig.caller, "1", durationMilliseconds: 100))
        rig.send(.timer(.wait(rig.caller)))
        rig.send(.sip(rig.caller, .ended(.bye(reason: nil))))
        #expect(rig.rows.count == rows)
        rig.send(.recordingEnded(rig.caller, id, done()))
        #expect(rig.voiceLog.suffix(2) == ["completed inbound", "completed outbound"])
    }

    @Test("a recording goes with its leg into a room, and ends with the leg there")
    func moved() throws {
        let rig = Rig()
        rig.call(.record(Record()), .conversation(ConversationAction(name: "hall")))
        let id = try recording(rig)
        #expect(rig.stopped.isEmpty)
        rig.sendToRoom("hall", .sip(rig.caller, .ended(.bye(reason: nil))))
        #expect(rig.stopped == [id])
        rig.sendToRoom("hall", .recordingEnded(rig.caller, id, done()))
        #expect(rig.voiceLog.suffix(2) == ["record", "completed inbound"])
        #expect(rig.voice("record")?["conversation_uuid"] == "CON-hall")
    }

    @Test("a recorded room has one recording, which ends with its last member and is told at the action's URL")
    func room() throws {
        let rig = Rig()
        var action = ConversationAction(name: "hall")
        action.record = true
        action.event = WebhookTarget(url: "http://127.0.0.1:1/room", method: .post)
        rig.call(.conversation(action))
        let id = try recording(rig)
        #expect(rig.recordings.map(\.1) == [.conversation(ConversationID("CON-hall"))])
        rig.sendToRoom("hall", .sip(rig.caller, .ended(.bye(reason: nil))))
        #expect(rig.stopped == [id])
        #expect(!rig.voiceLog.contains("completed inbound"))
        rig.sendToRoom("hall", .recordingEnded(nil, id, done()))
        #expect(rig.voiceLog.suffix(2) == ["record", "completed inbound"])
        #expect(rig.rows.last { $0.type == "record" }?.destination?.url == "http://127.0.0.1:1/room")
    }
}
