import CallModel
import EdgeProtocols
import HTTPTypes
import MediaTime
import WireJSON

/// `/v1/calls`: create, list, show (voice-api §1 to §4); orders to a running call are `CallOrders`.
struct CallRoutes: Sendable {
    let log: any LogQueries
    let commands: any CallCommands
    let status: any RuntimeStatus
    let pageLimit: Int
    let rates: RequestRates

    private static let filters = ["status", "date_start", "date_end", "order", "conversation_uuid"]

    var routes: [Route] {
        [
            Route(.get, "/v1/calls", .application, rates.limiting(.request, list)),
            Route(.post, "/v1/calls", .application, rates.limiting(.call, create)),
            Route(.get, "/v1/calls/*", .application, rates.limiting(.request, show)),
        ]
    }

    private func list(_ request: APIRequest) async throws -> APIReply {
        let caller = try request.authenticated()
        var reader = QueryReader(request.query)
        var filter = LegFilter(application: caller.application)
        let size = reader.number("page_size", in: 1...pageLimit) ?? 10
        let index = reader.number("record_index", in: 0...Int.max) ?? 0
        filter.limit = size
        filter.offset = index
        filter.descending = reader.isDescending()
        filter.startedFrom = reader.time("date_start")
        filter.startedTo = reader.time("date_end")
        filter.keptSince = keptSince(caller.application, request)
        filter.conversation = request.query["conversation_uuid"].map { ConversationID($0) }
        if let text = request.query["status"] {
            if let status = LegStatus(rawValue: text.lowercased()) {
                filter.statuses = [status]
            } else {
                reader.fault("status", "must be one of \(LegStatus.allCases.map(\.rawValue).joined(separator: ", "))")
            }
        }
        try reader.finish()
        let (total, legs) = try await log.legs(filter)

        let kept = Self.filters.compactMap { name in request.query[name].map { (name, $0) } }
        func link(_ index: Int) -> JSON {
            let query = [("page_size", String(size)), ("record_index", String(index))] + kept
            return ["href": .string(request.link("/v1/calls", query))]
        }
        var links = JSONObject()
        links["self"] = link(index)
        links["first"] = link(0)
        links["last"] = link(total == 0 ? 0 : (total - 1) / size * size)
        if index < total, total - index > size { links["next"] = link(index + size) }
        if index > 0 { links["prev"] = link(max(0, index - size)) }
        let box = Self.box(request)
        return .json([
            "count": JSON(total), "page_size": JSON(size), "record_index": JSON(index), "_links": .object(links),
            "_embedded": ["calls": .array(legs.map { CallJSON.call($0, request, box: box) })],
        ])
    }

    private func show(_ request: APIRequest) async throws -> APIReply {
        let caller = try request.authenticated()
        let wanted = request.parameters[0]
        guard let leg = try await log.leg(Self.legID(wanted)), leg.application == caller.application else {
            throw Problem.notFound(wanted)
        }
        if let ended = leg.ended, let since = keptSince(caller.application, request), ended < since {
            throw Problem.notFound(wanted)
        }
        return .json(CallJSON.call(leg, request, box: Self.box(request)))
    }

    /// `leg_persistence_time` holds to the moment; rows are deleted some time later.
    private func keptSince(_ id: ApplicationID, _ request: APIRequest) -> WallTime? {
        status.directory.applications[id]?.legsKeptSince(at: request.now)
    }

    private func create(_ request: APIRequest) async throws -> APIReply {
        let caller = try request.authenticated()
        guard let application = status.directory.applications[caller.application] else {
            throw Problem.unauthorized("application \(caller.application) is not configured any more")
        }
        let creation = try CallCreation(try request.jsonBody(), application: application)
        let receipt: NewCallReceipt
        do { receipt = try await commands.create(creation.call) } catch {
            throw Problem(error, subject: application.id.text)
        }
        var reply = APIReply.json(
            [
                "uuid": .string(receipt.leg.text), "status": "started", "direction": "outbound",
                "conversation_uuid": .string(receipt.conversation.text),
            ], status: .created)
        reply.after = receipt.begin
        return reply
    }

    /// A leg id as it was made, from any spelling of its UUID: with or without dashes, in any case (voice-api §1).
    static func legID(_ text: String) -> LegID {
        let bare = UUIDText.canonical(text)
        guard bare.utf8.count == 32, bare.allSatisfy(\.isHexDigit) else { return LegID(text) }
        var dashed = ""
        for (index, digit) in bare.enumerated() {
            if index == 8 || index == 12 || index == 16 || index == 20 { dashed.append("-") }
            dashed.append(digit)
        }
        return LegID(dashed)
    }

    /// Host of the box in `sip:` addresses that stand for app users.
    private static func box(_ request: APIRequest) -> String {
        let authority = request.origin.split(separator: "/").last.map(String.init) ?? "localhost"
        guard !authority.hasPrefix("["), let colon = authority.lastIndex(of: ":") else { return authority }
        return String(authority[..<colon])
    }
}
