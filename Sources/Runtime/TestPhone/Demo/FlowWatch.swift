public import WireJSON

/// One of the five steps of a call through the box.
public struct FlowStep: Sendable, Hashable {
    public enum Kind: Int, Sendable, Hashable, CaseIterable {
        case callArrives = 1
        case answerURLAsked, scriptExecuted, usersConnected, eventsDispatched

        public var title: String {
            switch self {
            case .callArrives: "call arrives"
            case .answerURLAsked: "answer_url asked"
            case .scriptExecuted: "NCCO executed"
            case .usersConnected: "Conversation created and users connected"
            case .eventsDispatched: "events stored and dispatched"
            }
        }
    }
    public var kind: Kind
    /// What showed it.
    public var detail: String
}

/// Recognises the steps in what the log and the backend tell, in any order they come.
///
/// - Threading: a value; whoever owns it hands observations in one by one.
public struct FlowWatch: Sendable {
    public private(set) var done: [FlowStep.Kind: FlowStep] = [:]
    private var conversation: String?
    private var isCreated = false
    private var joined: [String] = []
    private var stored = 0
    private var delivered = 0
    private var isClosed = false
    private var isClosingDelivered = false
    private var isCompletionDelivered = false

    public init() {}

    /// The first step that has not been seen; nil when all have.
    public var missing: FlowStep.Kind? { FlowStep.Kind.allCases.first { done[$0] == nil } }

    /// A line of `/control/events`: what was stored.
    public mutating func stored(_ event: JSON) -> [FlowStep] {
        stored += 1
        let body = event["body"] ?? .null
        if let id = event["conversation_id"]?.string, conversation == nil { conversation = id }
        var steps: [FlowStep] = []
        switch (event["stream"]?.string, event["type"]?.string) {
        case ("rtc", "app:knocking"?):
            steps += reach(.callArrives, Self.parties(body["channel"] ?? .null))
        case ("rtc", "conversation:created"?):
            isCreated = true
        case ("rtc", "member:joined"?):
            joined.append(Self.member(body))
        case ("rtc", "conversation:deleted"?):
            isClosed = true
        case ("rtc", "audio:say"?): steps += reach(.scriptExecuted, "talk")
        case ("rtc", "audio:play"?): steps += reach(.scriptExecuted, "stream")
        case ("rtc", "member:invited"?): steps += reach(.scriptExecuted, "connect")
        default:
            break
        }
        if isCreated, joined.count >= 2 {
            steps += reach(.usersConnected, "\(conversation ?? "") with \(joined.joined(separator: " and "))")
        }
        return steps + close()
    }

    /// A request that the backend got.
    public mutating func delivered(_ request: BackendRequest) -> [FlowStep] {
        if request.kind == .answer { return reach(.answerURLAsked, "\(request.method) \(request.path)") + close() }
        delivered += 1
        if request.kind == .rtcEvent, request.name == "conversation:deleted" { isClosingDelivered = true }
        if request.name == "completed", request.fields["direction"]?.string == "inbound" {
            isCompletionDelivered = true
        }
        return close()
    }

    private mutating func close() -> [FlowStep] {
        guard isClosed, isClosingDelivered, isCompletionDelivered else { return [] }
        return reach(.eventsDispatched, "\(stored) stored, \(delivered) webhooks delivered")
    }

    private mutating func reach(_ kind: FlowStep.Kind, _ detail: String) -> [FlowStep] {
        guard done[kind] == nil else { return [] }
        let step = FlowStep(kind: kind, detail: detail)
        done[kind] = step
        return [step]
    }

    /// A caller by its number, as its user has no name that means anything; an app user by name.
    private static func member(_ body: JSON) -> String {
        let caller = body["channel"]?["type"]?.string == "phone" ? body["channel"]?["from"]?["number"]?.string : nil
        return caller ?? body["user"]?["name"]?.string ?? "?"
    }

    private static func parties(_ channel: JSON) -> String {
        func address(_ end: JSON?) -> String {
            end?["number"]?.string ?? end?["uri"]?.string ?? end?["user"]?.string ?? "?"
        }
        return "\(address(channel["from"])) calls \(address(channel["to"]))"
    }
}
