import CallModel
import EdgeProtocols
import HTTPTypes
import NCCO
import WireJSON

/// Orders to a running call: `PUT /v1/calls/{uuid}`, its `/stream`, `/talk`, `/dtmf` and `/input/dtmf`
/// (voice-api §5 and §6).
struct CallOrders: Sendable {
    let commands: any CallCommands
    let rates: RequestRates

    /// What a leg's sender keeps: 12 s of keys.
    private static let digitLimit = 64

    var routes: [Route] {
        [
            route(.put, "/v1/calls/*", modify),
            route(.put, "/v1/calls/*/stream") { try await give(.stream(Self.stream($0)), "Stream started", $0) },
            route(.delete, "/v1/calls/*/stream") { try await give(.stopStream, "Stream stopped", $0) },
            route(.put, "/v1/calls/*/talk") { try await give(.talk(Self.talk($0)), "Talk started", $0) },
            route(.delete, "/v1/calls/*/talk") { try await give(.stopTalk, "Talk stopped", $0) },
            route(.put, "/v1/calls/*/dtmf") { try await give(.sendDigits(Self.digits($0)), "DTMF sent", $0) },
            route(.put, "/v1/calls/*/input/dtmf") {
                try await give(.subscribeDigits(Self.listener($0)), "DTMF events started", $0)
            },
            route(.delete, "/v1/calls/*/input/dtmf") {
                try await give(.unsubscribeDigits, "DTMF events stopped", $0)
            },
        ]
    }

    private func route(
        _ method: HTTPRequest.Method, _ pattern: String,
        _ handler: @escaping @Sendable (APIRequest) async throws -> APIReply
    ) -> Route {
        Route(method, pattern, .application, rates.limiting(.request, handler))
    }

    // MARK: PUT /v1/calls/{uuid}

    private func modify(_ request: APIRequest) async throws -> APIReply {
        var reply = APIReply.noContent
        reply.after = try await order(Self.modification(try request.jsonBody()), request)
        return reply
    }

    static func modification(_ body: JSONObject) throws(Problem) -> LegCommand {
        guard let action = body["action"] else { throw .invalid("action", "is required") }
        switch action.string {
        case "hangup": return .hangUp
        case "mute": return .mute(true)
        case "unmute": return .mute(false)
        case "earmuff": return .earmuff(true)
        case "unearmuff": return .earmuff(false)
        case "volume": return .volume(try level(body))
        case "transfer": return .transfer(try destination(body))
        default: throw .invalid("action", "must be hangup, mute, unmute, earmuff, unearmuff, volume or transfer")
        }
    }

    /// How loud a member hears: of this box alone.
    private static func level(_ body: JSONObject) throws(Problem) -> Double {
        guard let value = body["level"] else { throw .invalid("level", "is required") }
        guard let level = value.double, (-1...1).contains(level) else {
            throw .invalid("level", "must be a number from -1 to 1")
        }
        return level
    }

    private static func destination(_ body: JSONObject) throws(Problem) -> TransferScript {
        guard let destination = body["destination"]?.object else { throw .invalid("destination", "must be an object") }
        var reader = FieldReader(destination, under: "destination/")
        if destination["type"]?.string != "ncco" { reader.fault("type", "must be ncco") }
        var script: TransferScript?
        switch (destination["ncco"], destination["url"]) {
        case (.some, .some): reader.fault("ncco", "goes with url never: give one of them")
        case (nil, nil): reader.fault("ncco", "or url is required")
        case (let ncco?, nil):
            do throws(ScriptRefusal) {
                script = .inline(try Script.parse(ncco).actions)
            } catch {
                reader.faults(error.faults, under: "ncco")
            }
        case (nil, .some):
            script = reader.address("url").map { .url(WebhookTarget(url: $0, method: .get)) }
        }
        try reader.finish()
        // Without a script the reader has found a fault.
        return script ?? .inline([])
    }

    // MARK: Bodies

    private static func talk(_ request: APIRequest) throws -> Talk {
        let action = try action(
            "talk", request,
            [
                "text": "text", "language": "language", "style": "style", "premium": "premium", "loop": "loop",
                "level": "level",
            ])
        guard case .talk(let talk) = action else { throw Problem.internalError("talk was read as another action") }
        return talk
    }

    private static func stream(_ request: APIRequest) throws -> Stream {
        let action = try action(
            "stream", request, ["stream_url": "streamUrl", "loop": "loop", "level": "level"])
        guard case .stream(let stream) = action else {
            throw Problem.internalError("stream was read as another action")
        }
        return stream
    }

    /// Reads the body with the rules of the NCCO action of the same name; faults name the fields of the body.
    private static func action(
        _ name: String, _ request: APIRequest, _ keys: [String: String]
    ) throws -> Action {
        let body = try request.jsonBody()
        var json = JSONObject([("action", .string(name))])
        for (key, value) in body.members {
            if let known = keys[key] { json[known] = value }
        }
        do throws(ScriptRefusal) {
            let script = try Script.parse(JSON.array([.object(json)]))
            guard let action = script.actions.first else { throw ScriptRefusal(faults: []) }
            return action
        } catch {
            var reader = FieldReader(body)
            let faults = error.faults.map { fault in
                let path = fault.path.hasPrefix("/0") ? String(fault.path.dropFirst(2)) : fault.path
                return ScriptFault(path: path.replacing("streamUrl", with: "stream_url"), reason: fault.reason)
            }
            reader.faults(faults, under: "")
            try reader.finish()
            throw Problem.badRequest(error.message)
        }
    }

    private static func digits(_ request: APIRequest) throws(Problem) -> String {
        let body = try request.jsonBody()
        guard let value = body["digits"] else { throw .invalid("digits", "is required") }
        // A number that forgot its quotes (voice-api §6).
        let text = value.string ?? value.int.map(String.init) ?? ""
        let isValid = text.utf8.allSatisfy { byte in
            (48...57).contains(byte) || [UInt8(ascii: "*"), UInt8(ascii: "#"), UInt8(ascii: "p")].contains(byte)
        }
        guard isValid, (1...digitLimit).contains(text.utf8.count) else {
            throw .invalid("digits", "must be 1 to \(digitLimit) of 0-9, *, # and p, as text")
        }
        return text
    }

    private static func listener(_ request: APIRequest) throws(Problem) -> WebhookTarget {
        var reader = FieldReader(try request.jsonBody())
        if reader.body["event_url"] == nil { reader.fault("event_url", "is required") }
        let url = reader.address("event_url")
        try reader.finish()
        return WebhookTarget(url: url ?? "", method: .post)
    }

    // MARK: Giving them

    private func order(_ command: LegCommand, _ request: APIRequest) async throws -> AfterReply? {
        let caller = try request.authenticated()
        let wanted = request.parameters[0]
        do throws(CommandFault) {
            return try await commands.order(command, to: CallRoutes.legID(wanted), application: caller.application)
        } catch { throw Problem(error, subject: wanted) }
    }

    private func give(_ command: LegCommand, _ message: String, _ request: APIRequest) async throws -> APIReply {
        let after = try await order(command, request)
        var reply = APIReply.json([
            "message": .string(message), "uuid": .string(CallRoutes.legID(request.parameters[0]).text),
        ])
        reply.after = after
        return reply
    }
}
