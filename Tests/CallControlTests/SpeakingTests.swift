import CallControl
import CallModel
import EdgeProtocols
import NCCO
import TestKit
import Testing
import WireJSON

@Suite struct SpeakingTests {
    /// A caller connected to the kiosk.
    private func rig(_ edit: (Rig) -> Void = { _ in }) -> Rig {
        let rig = Rig()
        edit(rig)
        rig.call(.connect(Connect(endpoint: .app(user: "auto"))))
        if let callee = rig.callee { rig.send(.device(callee, .opened)) }
        return rig
    }

    private func orders(_ rig: Rig) -> [Bool] {
        rig.effects.compactMap { if case .tellSpeaking(let isOn) = $0 { isOn } else { nil } }
    }

    private func shown(_ rig: Rig) -> [EventRow] {
        rig.effects.compactMap { if case .tellClients(let row) = $0 { row } else { nil } }
    }

    @Test("speaking is listened for only while a session sees the conversation")
    func watched() {
        let rig = rig()
        #expect(orders(rig).isEmpty)
        rig.send(.speaking(rig.caller, true))
        #expect(shown(rig).isEmpty, "nobody had asked")
        rig.clients.users = ["bob"]
        rig.send(.clientsChanged)
        #expect(orders(rig).isEmpty, "bob is no member")
        rig.clients.users = ["bob", "auto"]
        rig.send(.clientsChanged)
        rig.send(.clientsChanged)
        #expect(orders(rig) == [true])
        rig.clients = ClientPresence()
        rig.send(.clientsChanged)
        #expect(orders(rig) == [true, false])
        rig.clients.users = ["auto"]
        rig.send(.clientsChanged)
        rig.send(.hangUp(rig.caller))
        #expect(orders(rig) == [true, false, true, false], "it ends with the conversation")
    }

    @Test("sessions are shown on and off, in pairs, without an id and without a row of the log")
    func shown() throws {
        let rig = rig { $0.clients.users = ["auto"] }
        let rows = rig.rows.count
        rig.send(.speaking(rig.caller, true))
        rig.send(.speaking(rig.caller, true))
        #expect(rig.rows.count == rows)
        let on = try #require(shown(rig).first)
        #expect(shown(rig).count == 1 && on.id == nil && on.type == "audio:speaking:on")
        let body = try JSON(parsing: on.body)
        #expect(body["id"] == nil && body["body"]?["channel"]?["id"]?.string == rig.caller.text)
        #expect(body["from"]?.string?.hasPrefix("MEM-") == true && body["_embedded"]?["from_user"] != nil)
        // Who ends while speaking has ended to speak.
        rig.send(.hangUp(rig.caller))
        #expect(shown(rig).map(\.type) == ["audio:speaking:on", "audio:speaking:off"])
        #expect(rig.rows.allSatisfy { !$0.type.hasPrefix("audio:speaking") })
    }

    @Test("where webhooks want them they are rows without an id, whether or not anybody watches")
    func webhooks() throws {
        let rig = rig { $0.speaking = .webhooks }
        #expect(orders(rig) == [true])
        rig.send(.speaking(rig.caller, true))
        let row = try #require(rig.rows.last)
        #expect(row.type == "audio:speaking:on" && row.id == nil && row.delivery == .webhook && row.visibleToClients)
        #expect(shown(rig).isEmpty)
        let log = rig.rtcLog
        rig.send(.speaking(rig.caller, false))
        #expect(rig.rtcLog.count == log.count + 1)
    }

    @Test("the owner can have none")
    func off() {
        let rig = rig {
            $0.speaking = .off
            $0.clients.users = ["auto"]
        }
        #expect(orders(rig).isEmpty)
    }
}
