import CallModel
import EdgeProtocols
import HTTPTypes
import MediaTime
import WireJSON

/// `/v1/knocking`, and `/beta/knocking` as the JS clients ask it: users place calls (conversation-api §9,
/// client-session §6.1 and §6.2).
struct KnockingRoutes: Sendable {
    let commands: any CallCommands
    let rates: RequestRates

    /// Longest `client_ref`, number or user name, bytes.
    private static let textLimit = 256

    var routes: [Route] {
        // Clients up to the 7th generation take any success but 200 and 204 for a failure (conversation-api §9).
        [("v1", HTTPResponse.Status.created), ("beta", .ok), ("v0.1", .ok)].flatMap { version, success in
            [
                Route(
                    .post, "/\(version)/knocking", .versionless,
                    rates.limiting(.call) { try await place($0, success) }),
                Route(
                    .delete, "/\(version)/knocking/*", .versionless, rates.limiting(.request, withdraw)),
            ]
        }
    }

    private func place(_ request: APIRequest, _ success: HTTPResponse.Status) async throws -> APIReply {
        let caller = try request.authenticated()
        guard let user = caller.user else {
            throw Problem.forbidden("A call is placed by a user: the token needs the user's name in 'sub'")
        }
        let call = try Self.call(try request.jsonBody(), user, caller.application)
        let receipt: UserCallReceipt
        do throws(CommandFault) {
            receipt = try await commands.place(call)
        } catch {
            switch error.code {
            case .notFound: throw Problem.missing("user", user)
            case .badRequest:
                throw Problem(
                    .badRequest, code: "conversation:error:invalid-channel", title: "Bad Request",
                    detail: error.detail, base: .conversation)
            case .badState, .overloaded, .conflict: throw Problem(error, subject: user)
            }
        }
        var reply = APIReply.json(
            [
                "id": .string(receipt.knocker.text),
                "channel": [
                    "type": "app", "id": .string(receipt.leg.text), "from": Endpoint.app(user: user).json,
                    "to": call.to.json, "headers": [:],
                ],
                "timestamp": ["created": .string(receipt.started.iso8601)],
            ], status: success)
        reply.after = receipt.begin
        return reply
    }

    private func withdraw(_ request: APIRequest) async throws -> APIReply {
        let caller = try request.authenticated()
        let wanted = request.parameters[0]
        let farewell = LegCommand.Farewell(
            code: try Self.words("reason_code", request.query), text: try Self.words("reason_text", request.query))
        do throws(CommandFault) {
            try await commands.withdraw(
                KnockerID(wanted), user: caller.user, application: caller.application, farewell)
        } catch {
            guard error.code == .notFound else { throw Problem(error, subject: wanted) }
            throw Problem.missing("knocking", wanted)
        }
        return .json(["type": "knocking:delete:success"])
    }

    private static func words(_ name: String, _ query: Query) throws(Problem) -> String? {
        guard let text = query[name] else { return nil }
        guard text.utf8.count <= textLimit else { throw .invalid(name, "must be at most \(textLimit) bytes") }
        return text
    }

    // MARK: The body

    /// - Fails with: 400 naming each bad field; 404 for a leg that was to be there before.
    private static func call(
        _ body: JSONObject, _ user: String, _ application: ApplicationID
    ) throws(Problem) -> UserCall {
        var reader = FieldReader(body)
        var reference: String?
        if let value = body["client_ref"], !value.isNull { reference = text(value, "client_ref", &reader) }
        var data: JSONObject?
        if let properties = body["properties"], !properties.isNull {
            let value = properties["custom_data"]
            data = value?.object
            if properties.object == nil {
                reader.fault("properties", "must be an object")
            } else if let value, !value.isNull, data == nil {
                reader.fault("properties/custom_data", "must be an object")
            }
        }
        var to: Endpoint?
        if let channel = body["channel"]?.object {
            var inner = FieldReader(channel, under: "channel/")
            if channel["type"] != "app" { inner.fault("type", "must be app: users call with the sound of the box") }
            if let from = channel["from"], !from.isNull {
                if from["type"] != "app" { inner.fault("from/type", "must be app") }
                if let name = from["user"], !name.isNull, name.string != user {
                    inner.fault("from/user", "must be the user of the token")
                }
            }
            to = Self.to(channel["to"], &inner)
            reader.take(inner)
        } else {
            reader.fault("channel", "is required, an object")
        }
        try reader.finish()
        if let leg = body["channel"]?["id"]?.string { throw .missing("leg", leg) }
        guard let to else { throw .invalid("channel/to", "is required") }
        return UserCall(
            application: application, user: user, to: to, clientReference: reference, customData: data)
    }

    private static func to(_ value: JSON?, _ reader: inout FieldReader) -> Endpoint? {
        guard let value, value.object != nil else {
            reader.fault("to", "is required, an object")
            return nil
        }
        switch value["type"]?.string {
        case "phone": return text(value["number"], "to/number", &reader).map { .phone(number: $0) }
        case "app": return text(value["user"], "to/user", &reader).map { .app(user: $0) }
        default:
            reader.fault("to/type", "must be phone or app")
            return nil
        }
    }

    private static func text(_ value: JSON?, _ name: String, _ reader: inout FieldReader) -> String? {
        guard let text = value?.string, (1...textLimit).contains(text.utf8.count),
            text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
        else {
            reader.fault(name, "must be text of 1 to \(textLimit) bytes without control characters")
            return nil
        }
        return text
    }
}
