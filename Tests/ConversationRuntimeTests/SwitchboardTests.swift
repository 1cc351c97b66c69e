import CallControl
import CallModel
import ConversationRuntime
import EdgeProtocols
import Foundation
import Logging
import MediaTime
import NCCO
import TestKit
import Testing
import WireJSON

/// A switchboard with fake edges.
private struct Box {
    let journal = Journal()
    let log: FakeLog
    let media: FakeMedia
    let switchboard: Switchboard
    static let application = ApplicationID("6513270e-269e-4d37-b2a7-4de452e6b438")

    /// Answers every request for a script with `script`.
    struct Scripts: ScriptAsking {
        var script: String
        func ask(_ request: ScriptRequest, validate: @escaping @Sendable ([UInt8]) -> String?) async -> ScriptReply {
            let now = SystemTimeSource().now
            if let fault = validate(Array(script.utf8)) {
                return ScriptReply(body: nil, failure: fault, requestedAt: now, repliedAt: now)
            }
            return ScriptReply(body: Array(script.utf8), failure: nil, requestedAt: now, repliedAt: now)
        }
        func read(file path: String) async throws -> [UInt8] { [] }
    }

    init(script: String, file: String? = nil, answers: Bool = true) {
        log = FakeLog(journal)
        media = FakeMedia(journal)
        var application = Application(id: Self.application, name: "test")
        if answers {
            application.answerURL = WebhookSetting(
                target: WebhookTarget(url: "http://127.0.0.1:1/answer", method: .get), socketTimeoutMilliseconds: 5000)
        }
        application.answerNCCOFile = file
        var kiosk = UserAccount(name: "kiosk")
        kiosk.device = DeviceSetting(playback: ["none"], capture: ["none"])
        var foreign = kiosk
        (foreign.name, foreign.applications) = ("foreign", ["another"])
        var trunk = Trunk(name: "carrier", uri: "sip:127.0.0.1:5070;transport=udp")
        trunk.prefixes = ["44"]
        let directory = Directory(
            account: Account(apiKey: "k", apiSecret: "s", signatureSecret: "x"),
            applications: [application.id: application],
            numbers: [NumberRoute(number: "+441632960100", application: application.id)],
            users: ["kiosk": kiosk, "foreign": foreign, "bob": UserAccount(name: "bob")], trunks: [trunk])
        switchboard = Switchboard(
            directory: directory, settings: RuntimeSettings(),
            edges: RuntimeEdges(
                signalling: FakeSignalling(journal), media: media, sockets: FakeSockets(journal), log: log,
                prompts: FakePrompts(), transcriber: FakeTranscriber(journal), scripts: Scripts(script: script),
                clients: FakeClients(journal), time: SystemTimeSource(),
                logger: Logger(label: "test")))
    }

    func call(_ number: String = "441632960100", offer: String = "offer") {
        switchboard.handle(
            .invite(
                IncomingInvite(
                    dialog: DialogID(rawValue: 1), callID: "c", requestUser: number, requestHost: "127.0.0.1",
                    fromUser: "+441632960001", fromHost: "127.0.0.1", toUser: number, offer: offer,
                    source: NetworkAddress(host: "127.0.0.1", port: 5099), transport: .udp,
                    receivedAt: SystemTimeSource().now)))
    }
}

@Suite struct SwitchboardTests {
    @Test("no call begins while the store cannot write, and calls begin again when it can")
    func brokenStore() async throws {
        let box = Box(script: "[]")
        box.log.breakDown("disk full")
        box.call()
        #expect(await box.journal.wait(for: "sip refuse 1 503"))
        #expect(box.log.rows.isEmpty)
        box.log.breakDown(nil)
        box.call()
        #expect(await box.journal.wait(for: "log rtc conversation:deleted"))
        await box.switchboard.drain(timeout: .seconds(5))
    }

    @Test("a call is routed, asked for, connected through the trunk, bridged and taken down")
    func wholeCall() async throws {
        let box = Box(script: #"[{"action":"connect","endpoint":[{"type":"phone","number":"447700900002"}]}]"#)
        box.call()
        #expect(await box.journal.wait(for: "sip ring 1 180 -"))
        #expect(
            await box.journal.wait(
                for: "sip invite 1001 sip:447700900002@127.0.0.1:5070;transport=udp from 441632960100"))
        box.switchboard.handle(.answered(DialogID(rawValue: 1001), sdp: "theirs", source: nil))
        #expect(await box.journal.wait(for: "sip answer 1 answer-to-offer"))
        box.switchboard.handle(.ended(DialogID(rawValue: 1), cause: .bye(reason: nil)))
        #expect(await box.journal.wait(for: "sip bye 1001"))
        #expect(await box.journal.wait(for: "log rtc conversation:deleted"))
        await box.switchboard.drain(timeout: .seconds(5))
        #expect(box.journal.lines.filter { $0.hasPrefix("media attach") }.count == 2)
        #expect(box.journal.lines.filter { $0.hasPrefix("media close") }.count == 2)
        #expect(box.switchboard.snapshot().legsByState.isEmpty)
    }

    @Test(
        "what cannot be taken gets its status at once",
        arguments: [("449999", "offer", "404"), ("441632960100", "nothing in common", "488")])
    func refused(number: String, offer: String, status: String) async {
        let box = Box(script: "[]")
        box.call(number, offer: offer)
        #expect(await box.journal.wait(for: "sip refuse 1 \(status)"))
    }

    @Test("a script that is not valid refuses the call with 480 and is told with its path")
    func invalidScript() async throws {
        let box = Box(script: #"[{"action":"talk"}]"#)
        box.call()
        #expect(await box.journal.wait(for: "sip refuse 1 480"))
        let error = try #require(box.log.rows.first { $0.type == "error" })
        let reason = try JSON(parsing: error.body)["reason"]?.string ?? ""
        #expect(reason.hasPrefix("Syntax error in NCCO. Invalid value type or action."))
        #expect(reason.contains("/0/text"))
    }

    @Test("a re-offer is answered by media and never reaches the conversation")
    func hold() async {
        let box = Box(script: #"[{"action":"wait","timeout":60}]"#)
        box.call()
        #expect(await box.journal.wait(for: "sip answer 1"))
        box.switchboard.handle(.reoffer(DialogID(rawValue: 1), sdp: "hold"))
        #expect(await box.journal.wait(for: "sip answer-reoffer 1 held"))
    }

    @Test("a script on disk has the called number filled in")
    func template() async throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUIDText.random()).json").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(
            #"[{"action":"connect","endpoint":[{"type":"sip","uri":"sip:{{to}}@127.0.0.1:6070;codec=opus"}]}]"#.utf8
        )
        .write(to: URL(fileURLWithPath: path))
        let box = Box(script: "", file: path)
        box.call()
        #expect(await box.journal.wait(for: "sip invite 1001 sip:441632960100@127.0.0.1:6070 from 441632960001"))
    }

    @Test("a call by REST can be read at once and is placed when its answer has left; orders wait for that")
    func created() async throws {
        let box = Box(script: "[]")
        let call = NewCall(
            application: Box.application, to: ["type": "sip", "uri": "sip:a@127.0.0.1:5070"], from: nil,
            ncco: Array(#"[{"action":"wait","timeout":60}]"#.utf8), answer: nil, eventTarget: nil)
        let receipt = try await box.switchboard.create(call)
        #expect(box.log.rows.isEmpty && box.log.legs.map(\.id) == [receipt.leg])
        async let order = box.switchboard.order(.hangUp, to: receipt.leg, application: Box.application)
        await Task.yield()
        #expect(!box.journal.lines.contains { $0.hasPrefix("sip") })
        receipt.begin()
        #expect(try await order == nil)
        #expect(box.log.rows.filter { $0.stream == .voice }.map(\.type) == ["started", "cancelled"])
        await #expect(throws: CommandFault.self) {
            try await box.switchboard.order(.hangUp, to: receipt.leg, application: Box.application)
        }
    }

    private func userCall(_ user: String = "kiosk") -> UserCall {
        UserCall(application: Box.application, user: user, to: .phone(number: "447700900002"))
    }

    @Test("a user's call begins when its answer has left, with the device, then the script; its knocker ends it")
    func userCalls() async throws {
        let box = Box(script: #"[{"action":"connect","endpoint":[{"type":"phone","number":"447700900002"}]}]"#)
        let receipt = try await box.switchboard.place(userCall())
        #expect(box.log.rows.isEmpty && box.log.legs.map(\.id) == [receipt.leg])
        #expect(box.log.legs.first?.knocker == receipt.knocker)
        await #expect(throws: CommandFault.self, "the device is taken at once") {
            try await box.switchboard.place(userCall())
        }
        receipt.begin()
        #expect(await box.journal.wait(for: "sip invite 1001 sip:447700900002@127.0.0.1:5070;transport=udp"))
        let lines = box.journal.lines
        let device = try #require(lines.firstIndex(of: "media device"))
        let joined = try #require(lines.firstIndex(of: "log rtc member:joined"))
        #expect(device < joined)
        await #expect(throws: CommandFault.self, "another user's knocker is not there") {
            try await box.switchboard.withdraw(receipt.knocker, user: "bob", application: Box.application, .init())
        }
        try await box.switchboard.withdraw(receipt.knocker, user: "kiosk", application: Box.application, .init())
        #expect(await box.journal.wait(for: "sip cancel 1001"))
        #expect(await box.journal.wait(for: "log rtc conversation:deleted"))
        await #expect(throws: CommandFault.self, "it has ended") {
            try await box.switchboard.withdraw(receipt.knocker, user: "kiosk", application: Box.application, .init())
        }
        let next = try await box.switchboard.place(userCall())
        next.begin()
        try await box.switchboard.withdraw(next.knocker, user: nil, application: Box.application, .init())
        await box.switchboard.drain(timeout: .seconds(5))
        #expect(box.switchboard.snapshot().legsByState.isEmpty)
    }

    @Test("a device that opens after its call was given up is closed again")
    func lateDevice() async throws {
        let box = Box(script: "[]")
        let gate = DispatchSemaphore(value: 0)
        box.media.holdDevices(with: gate)
        let receipt = try await box.switchboard.place(userCall())
        receipt.begin()
        #expect(await box.journal.wait(for: "media opening"))
        try await box.switchboard.withdraw(receipt.knocker, user: "kiosk", application: Box.application, .init())
        gate.signal()
        #expect(await box.journal.wait(for: "media device"))
        for _ in 0..<500 where box.journal.lines.last != "media close \(receipt.leg)" {
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(box.journal.lines.suffix(2) == ["media device", "media close \(receipt.leg)"])
    }

    @Test(
        "a user who cannot call is told why, and leaves nothing behind",
        arguments: [
            ("nobody", true, CommandFault.Code.notFound, "nobody"), ("foreign", true, .notFound, "foreign"),
            ("bob", true, .badRequest, "users.bob.device"), ("kiosk", false, .badState, "answer_url"),
        ])
    func cannotCall(user: String, answers: Bool, code: CommandFault.Code, words: String) async throws {
        let box = Box(script: "[]", answers: answers)
        do throws(CommandFault) {
            _ = try await box.switchboard.place(userCall(user))
            Issue.record("the call was placed")
        } catch {
            #expect(error.code == code && error.detail.contains(words))
        }
        #expect(box.switchboard.snapshot().conversations == 0 && box.log.legs.isEmpty)
    }

    @Test(
        "a transcription of a former run goes on: in its room where that lives, else for itself",
        arguments: [true, false])
    func transcriptionOfAFormerRun(isLiving: Bool) async throws {
        let box = Box(script: "[]")
        let stored = ConversationRecord(
            id: ConversationID("CON-9"), application: Box.application, name: "hall",
            state: isLiving ? .active : .deleted, sequenceNumber: 7, isTransient: false,
            created: WallTime(milliseconds: 1))
        box.switchboard.knowRooms([stored])
        let pending = TranscriptionRecord(
            id: .make(), application: Box.application, conversation: stored.id, recording: .make(), sound: "a.wav",
            file: .make(), leg: nil, eventTarget: nil, language: "pt-BR", wantsSentiment: false,
            started: WallTime(milliseconds: 1), ended: WallTime(milliseconds: 2))
        box.switchboard.resume(pending, conversation: stored)
        #expect(await box.journal.wait(for: "transcribe ./a.wav pt-BR"))
        #expect(await box.journal.wait(for: "log voice transcription"))
        #expect(box.log.rows.first { $0.type == "audio:transcribe:done" }?.id == (isLiving ? 8 : nil))
        #expect(box.switchboard.snapshot().conversations == (isLiving ? 1 : 0))
        #expect(box.log.transcriptions.isEmpty)
    }

    @Test(
        "a call by REST that leads nowhere is made all the same, and ends as failed after its answer has left",
        arguments: [
            (["type": "app", "user": "nobody"], 404), (["type": "vbc", "extension": "9"], 404),
            (["type": "sip", "user": "desk", "domain": "nowhere"], 404),
            // No trunk takes the number; the trunk takes no foreign caller id.
            (["type": "phone", "number": "33123456789"], 404), (["type": "phone", "number": "447700900002"], 403),
        ] as [(JSON, Int)])
    func unroutable(to: JSON, code: Int) async throws {
        let box = Box(script: "[]")
        let call = NewCall(
            application: Box.application, to: to, from: "15550100", ncco: Array("[]".utf8), answer: nil,
            eventTarget: nil)
        let receipt = try await box.switchboard.create(call)
        #expect(box.log.rows.isEmpty && box.log.legs.map(\.status) == [.started])
        receipt.begin()
        #expect(await box.journal.wait(for: "log rtc conversation:deleted"))
        let voice = box.log.rows.filter { $0.stream == .voice }
        #expect(voice.map(\.type) == ["started", "error", "failed"])
        let error = try JSON(parsing: voice[1].body)
        #expect(error.object?.keys == ["reason", "conversation_uuid", "timestamp"])
        #expect(error["reason"]?.string?.hasPrefix("Outbound call failed. cannot_route (\(code)): ") == true)
        let failed = try JSON(parsing: try #require(voice.last).body)
        #expect(failed["detail"] == "cannot_route" && failed["sip_code"] == JSON(code))
        #expect(failed["uuid"] == .string(receipt.leg.text) && failed["direction"] == "outbound")
        #expect(box.log.legs.last?.status == .failed && box.log.legs.last?.ended != nil)
        #expect(!box.journal.lines.contains { $0.hasPrefix("sip") })
        await box.switchboard.drain(timeout: .seconds(5))
        #expect(box.switchboard.snapshot().legsByState.isEmpty)
    }

    @Test("a transfer is answered before the leg moves, and the leg is found where it went")
    func transfer() async throws {
        let box = Box(script: #"[{"action":"wait","timeout":60}]"#)
        box.call()
        #expect(await box.journal.wait(for: "media attach"))
        let leg = try #require(box.log.legs.last?.id)
        let old = try #require(box.log.legs.last?.conversation)
        let move = try await box.switchboard.order(
            .transfer(.inline([.wait(seconds: 60)])), to: leg, application: Box.application)
        #expect(!box.log.rows.contains { $0.type == "transfer" })
        let step = try #require(move)
        step()
        #expect(await box.journal.wait(for: "log voice transfer"))
        #expect(try await box.switchboard.order(.mute(true), to: leg, application: Box.application) == nil)
        #expect(box.log.legs.last { $0.id == leg }?.conversation != old)
        #expect(await box.journal.wait(for: "log rtc conversation:deleted"))
        #expect(box.log.rows.contains { $0.type == "audio:mute:on" })
        await #expect(throws: CommandFault.self) {
            try await box.switchboard.order(.mute(true), to: leg, application: ApplicationID("other"))
        }
        await box.switchboard.drain(timeout: .milliseconds(1))
        #expect(await box.journal.wait(for: "sip bye 1"))
    }

    @Test("two legs meet in one named room, made once")
    func rooms() async throws {
        let box = Box(script: #"[{"action":"conversation","name":"lobby"}]"#)
        box.call()
        #expect(await box.journal.wait(for: "media attach"))
        #expect(box.log.rows.filter { $0.type == "conversation:created" }.count == 1)
        #expect(box.switchboard.snapshot().calls == 1)
        await box.switchboard.drain(timeout: .milliseconds(1))
        #expect(await box.journal.wait(for: "sip bye 1"))
    }
}
