import TestPhone
import Testing
import WireJSON

@Suite("The five steps of a call")
struct FlowWatchTests {
    private static let stored: [JSON] = [
        event(
            "rtc", "app:knocking",
            ["channel": ["from": ["type": "phone", "number": "1"], "to": ["type": "phone", "number": "2"]]]),
        event("rtc", "conversation:created", [:]), event("rtc", "member:joined", ["user": ["name": "1"]]),
        event("voice", "answered", ["direction": "inbound"]), event("rtc", "audio:say", [:]),
        event("rtc", "member:joined", ["user": ["name": "kiosk"]]), event("rtc", "conversation:deleted", [:]),
    ]
    private static let delivered = [
        BackendRequest(method: "GET", target: "/answer?to=2&uuid=u&conversation_uuid=c", body: []),
        post("/event", #"{"status":"completed","direction":"inbound"}"#),
        post("/rtc", #"{"type":"conversation:deleted","application_id":"a","body":{}}"#),
    ]

    private static func event(_ stream: String, _ type: String, _ body: JSON) -> JSON {
        ["stream": .string(stream), "type": .string(type), "conversation_id": "CON-1", "body": body]
    }
    private static func post(_ path: String, _ body: String) -> BackendRequest {
        BackendRequest(method: "POST", target: path, body: Array(body.utf8))
    }

    @Test("a whole call reaches each step once, in order")
    func wholeCall() {
        var flow = FlowWatch()
        var steps: [FlowStep] = []
        steps += flow.stored(Self.stored[0])
        steps += flow.delivered(Self.delivered[0])
        for event in Self.stored.dropFirst() { steps += flow.stored(event) }
        for request in Self.delivered.dropFirst() { steps += flow.delivered(request) }
        #expect(steps.map(\.kind) == FlowStep.Kind.allCases)
        #expect(flow.missing == nil)
        #expect(steps[0].detail == "1 calls 2")
        #expect(steps[3].detail == "CON-1 with 1 and kiosk")
        #expect(steps[4].detail == "7 stored, 2 webhooks delivered")
    }

    @Test("webhooks that overtake the log change nothing")
    func overtaking() {
        var flow = FlowWatch()
        for request in Self.delivered { _ = flow.delivered(request) }
        #expect(flow.missing == .callArrives)
        for event in Self.stored { _ = flow.stored(event) }
        #expect(flow.missing == nil)
    }

    @Test("a call without its last webhook is not complete", arguments: [1, 2])
    func incomplete(left: Int) {
        var flow = FlowWatch()
        for event in Self.stored { _ = flow.stored(event) }
        for (index, request) in Self.delivered.enumerated() where index != left { _ = flow.delivered(request) }
        #expect(flow.missing == .eventsDispatched)
    }

    @Test("one user alone is not connected")
    func oneUser() {
        var flow = FlowWatch()
        for event in Self.stored.dropLast(2) { _ = flow.stored(event) }
        _ = flow.delivered(Self.delivered[0])
        #expect(flow.missing == .usersConnected)
    }
}
