import CallModel
import EdgeProtocols
import MediaTime
import NCCO
import Testing
import WireJSON

@testable import CallControl

@Suite struct TranscriptionTests {
    private let done = RecordingResult(byteCount: 1000, milliseconds: 500)

    private func record(_ change: (inout Transcription) -> Void = { _ in }) -> Record {
        var record = Record()
        record.format = .wav
        record.transcription = Transcription()
        if var transcription = record.transcription {
            change(&transcription)
            record.transcription = transcription
        }
        return record
    }

    private func order(_ rig: Rig) throws -> TranscriptionOrder {
        try #require(rig.effects.compactMap { if case .transcribe(let order) = $0 { order } else { nil } }.last)
    }

    @Test("a finished recording is written down after it is told, and the transcription has exactly its fields")
    func told() throws {
        let rig = Rig()
        rig.call(.record(record()), .wait(seconds: 60))
        let id = try #require(rig.recordings.last?.0)
        let begun = try #require(rig.rows.first { $0.type == "audio:record" })
        #expect(
            try JSON(parsing: begun.body)["body"]?["transcription"]
                == ["language": "en-US", "sentiment_analysis": false])
        rig.send(.recordingEnded(rig.caller, id, done))
        let order = try order(rig)
        let recorded = try #require(rig.files.first)
        #expect(order.recording == recorded.name && order.language == "en-US" && !order.wantsSentiment)
        #expect(rig.voice("transcription") == nil)
        rig.send(.transcribed(order.id, TranscriptionResult(byteCount: 321)))
        #expect(rig.voiceLog.suffix(2) == ["record", "transcription"])
        let event = try #require(rig.voice("transcription")?.object)
        #expect(event.keys == ["conversation_uuid", "type", "recording_uuid", "status", "transcription_url"])
        let file = try #require(rig.files.last)
        #expect(event["conversation_uuid"] == "CON-1" && event["type"] == "record")
        #expect(event["recording_uuid"]?.string == id.text && event["status"] == "transcribed")
        #expect(event["transcription_url"]?.string == "http://box/v1/files/\(file.id.text)")
        #expect(file.name == order.path && file.format == .json && file.byteCount == 321 && file.recording == id)
        let twin = try #require(rig.rows.last { $0.type == "audio:transcribe:done" })
        #expect(!twin.visibleToClients && twin.id != nil)
        #expect(
            try JSON(parsing: twin.body)["body"] == [
                "request_id": .string(order.id.text), "recording_id": .string(id.text),
                "transcription_url": event["transcription_url"] ?? .null, "error": .null,
            ])
        rig.send(.transcribed(order.id, TranscriptionResult(byteCount: 321)))
        #expect(rig.voiceLog.filter { $0 == "transcription" }.count == 1, "it is told once")
    }

    @Test("its own eventUrl, else that of the recording, is told; language and sentimentAnalysis reach the engine")
    func options() throws {
        for own in [true, false] {
            let rig = Rig()
            var action = record {
                $0.language = "pt-BR"
                $0.sentimentAnalysis = true
                if own { $0.event = WebhookTarget(url: "http://127.0.0.1:1/words", method: .get) }
            }
            action.event = WebhookTarget(url: "http://127.0.0.1:1/record", method: .post)
            rig.call(.record(action), .wait(seconds: 60))
            rig.send(.recordingEnded(rig.caller, try #require(rig.recordings.last?.0), done))
            let order = try order(rig)
            #expect(order.language == "pt-BR" && order.wantsSentiment)
            rig.send(.transcribed(order.id, TranscriptionResult(byteCount: 1)))
            let row = try #require(rig.rows.last { $0.type == "transcription" })
            #expect(row.destination?.url == (own ? "http://127.0.0.1:1/words" : "http://127.0.0.1:1/record"))
            #expect(row.destination?.method == (own ? .get : .post))
        }
    }

    @Test("the call need not wait for it: it is told when the conversation is over, without an id")
    func afterTheCall() throws {
        let rig = Rig()
        rig.call(.record(record()), .wait(seconds: 60))
        let id = try #require(rig.recordings.last?.0)
        rig.send(.sip(rig.caller, .ended(.bye(reason: nil))))
        rig.send(.recordingEnded(rig.caller, id, done))
        #expect(rig.machine.hasEnded && rig.voiceLog.suffix(2) == ["record", "completed inbound"])
        let number = rig.rows.compactMap(\.id).max()
        rig.send(.transcribed(try order(rig).id, TranscriptionResult(byteCount: 5)))
        #expect(rig.voiceLog.last == "transcription")
        #expect(rig.rows.last { $0.type == "transcription" }?.leg == rig.caller, "in the order of its leg")
        #expect(rig.rows.last { $0.type == "audio:transcribe:done" }?.id == nil)
        #expect(rig.rows.compactMap(\.id).max() == number)
    }

    @Test("it is kept with the recording, until it is told", arguments: [nil, "no such language"])
    func kept(failure: String?) throws {
        let rig = Rig()
        rig.call(.record(record()), .wait(seconds: 60))
        rig.send(.recordingEnded(rig.caller, try #require(rig.recordings.last?.0), done))
        let order = try order(rig)
        let kept = try #require(rig.batches.last { !$0.events.isEmpty })
        #expect(kept.events.contains { $0.type == "record" } && kept.transcriptions.map(\.id) == [order.id])
        rig.send(.transcribed(order.id, TranscriptionResult(byteCount: failure == nil ? 5 : 0, failure: failure)))
        let told = try #require(rig.batches.last { !$0.events.isEmpty })
        #expect(told.transcribed == [order.id] && told.transcriptions.isEmpty)
    }

    @Test("one of a former run is told in its conversation's name, with an id where that lives on")
    func again() throws {
        let pending = TranscriptionRecord(
            id: .make(), application: Rig().application.id, conversation: ConversationID("CON-9"), recording: .make(),
            sound: "a.wav", file: .make(), leg: nil, eventTarget: nil, language: "en-US", wantsSentiment: false,
            started: WallTime(milliseconds: 1), ended: WallTime(milliseconds: 2))
        for isLiving in [true, false] {
            let rig = Rig()
            let stored = ConversationRecord(
                id: pending.conversation, application: pending.application, name: "hall",
                state: isLiving ? .active : .deleted, sequenceNumber: 7, isTransient: false,
                created: WallTime(milliseconds: 1))
            rig.machine =
                isLiving
                ? ConversationMachine(
                    room: "hall", id: stored.id, application: rig.application, stored: stored)
                : ConversationMachine(ended: stored.id, application: rig.application, stored: stored)
            rig.send(.transcribeAgain(pending))
            #expect(try order(rig).recording == "a.wav")
            rig.send(.transcribed(pending.id, TranscriptionResult(byteCount: 5)))
            let twin = try #require(rig.rows.first { $0.type == "audio:transcribe:done" })
            #expect(twin.id == (isLiving ? 8 : nil))
            #expect(try JSON(parsing: twin.body)["conversation_id"] == "CON-9")
            #expect(rig.voice("transcription")?["conversation_uuid"] == "CON-9")
            #expect(rig.batches.last { !$0.conversations.isEmpty }?.conversations.first?.state == stored.state)
        }
    }

    @Test("what cannot be transcribed is one error event with the reason, and no transcription")
    func failed() throws {
        let rig = Rig()
        rig.call(.record(record()), .wait(seconds: 60))
        rig.send(.recordingEnded(rig.caller, try #require(rig.recordings.last?.0), done))
        rig.send(.transcribed(try order(rig).id, TranscriptionResult(byteCount: 0, failure: "no recogniser for fr-FR")))
        #expect(rig.voice("error")?["reason"] == "record transcription: no recogniser for fr-FR")
        #expect(rig.voice("error")?.object?.keys == ["reason", "conversation_uuid", "timestamp"])
        #expect(rig.voice("transcription") == nil && rig.files.count == 1)
        let twin = try #require(rig.rows.last { $0.type == "audio:transcribe:done" })
        let body = try JSON(parsing: twin.body)["body"]
        #expect(body?["transcription_url"] == .null && body?["error"] == "no recogniser for fr-FR")
    }

    @Test("without a file, or without the option, nothing is transcribed")
    func nothing() throws {
        for (action, bytes) in [(record(), Int64(0)), (Record(), 1000)] {
            let rig = Rig()
            rig.call(.record(action), .wait(seconds: 60))
            rig.send(
                .recordingEnded(
                    rig.caller, try #require(rig.recordings.last?.0),
                    RecordingResult(byteCount: bytes, milliseconds: 0, failure: "Not a directory")))
            #expect(!rig.effects.contains { if case .transcribe = $0 { true } else { false } })
        }
    }

    @Test("a recorded room is transcribed too, and a later member may ask for it while it is recorded")
    func room() throws {
        for late in [true, false] {
            let rig = Rig()
            var action = ConversationAction(name: "hall")
            action.record = true
            action.event = WebhookTarget(url: "http://127.0.0.1:1/room", method: .post)
            if !late { action.transcription = Transcription() }
            rig.call(.conversation(action))
            let id = try #require(rig.recordings.last?.0)
            if late {
                var entry = RoomEntry(
                    name: "hall", audio: MemberAudio(), startOnEnter: true, endOnExit: false,
                    from: ConversationID("CON-2"))
                entry.records = true
                entry.transcription = Transcription()
                let caller = Rig.callerLeg
                let guest = Leg(
                    id: LegID("b"), kind: .phone, direction: .inbound, signalling: caller.signalling,
                    from: caller.from, to: caller.to, user: caller.user, startedAt: caller.startedAt)
                rig.sendToRoom("hall", .adopt(guest, entry, application: rig.application))
                rig.sendToRoom("hall", .sip(LegID("b"), .ended(.bye(reason: nil))))
            }
            rig.sendToRoom("hall", .sip(rig.caller, .ended(.bye(reason: nil))))
            rig.sendToRoom("hall", .recordingEnded(nil, id, done))
            rig.sendToRoom("hall", .transcribed(try order(rig).id, TranscriptionResult(byteCount: 5)))
            let event = try #require(rig.voice("transcription"))
            #expect(event["conversation_uuid"] == "CON-hall" && event["recording_uuid"]?.string == id.text)
            #expect(rig.rows.last { $0.type == "transcription" }?.destination?.url == "http://127.0.0.1:1/room")
        }
    }
}
