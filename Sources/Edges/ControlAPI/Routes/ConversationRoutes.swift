import CallModel
import EdgeProtocols
import HTTPTypes
import MediaTime
import WireJSON

/// Reading conversations, members and events (conversation-api §4, contract README 7).
struct ConversationRoutes: Sendable {
    let log: any LogQueries
    /// Largest `page_size`.
    let pageLimit: Int

    /// How long a user may read a conversation after its end.
    private static let readableAfterEndMilliseconds: Int64 = 60_000
    /// Rows looked at for one page of a filtered event list; the page is then short and has a `next`.
    private static let scanLimit = 5000

    var routes: [Route] {
        [
            Route(.get, "/v1/conversations", .application, list),
            Route(.get, "/v1/conversations/*", .token) { request in
                let record = try await conversation(request)
                return .json(ConversationJSON.conversation(record, isLite: false, request))
            },
            Route(.get, "/v1/conversations/*/members", .token, members),
            Route(.get, "/v1/conversations/*/members/*", .token, member),
            Route(.get, "/v1/conversations/*/events", .token, events),
            Route(.get, "/v1/conversations/*/events/*", .token, event),
        ]
    }

    private func list(_ request: APIRequest) async throws -> APIReply {
        let caller = try request.authenticated()
        let paging = try Paging(request, sizeLimit: pageLimit, cursorFields: 2)
        var reader = QueryReader(request.query)
        var filter = ConversationFilter()
        filter.createdFrom = reader.time("date_start")
        filter.createdTo = reader.time("date_end")
        filter.descending = paging.isDescending
        filter.limit = paging.size + 1
        if let cursor = paging.cursor {
            guard let created = Int64(cursor[0]) else {
                throw Problem.invalid("cursor", "is not a cursor of this list")
            }
            filter.afterCreated = WallTime(milliseconds: created)
            filter.afterID = ConversationID(cursor[1])
        }
        try reader.finish()
        let found = try await log.conversations(application: caller.application, filter: filter)
        let shown = found.prefix(paging.size)
        var next: [String]?
        if found.count > paging.size, let last = shown.last {
            next = [String(last.created.milliseconds), last.id.text]
        }
        let items = shown.map { ConversationJSON.conversation($0, isLite: true, request) }
        return .json(
            paging.page("conversations", items, next: next, request, filters: ["date_start", "date_end"]))
    }

    private func members(_ request: APIRequest) async throws -> APIReply {
        let record = try await conversation(request)
        let paging = try Paging(request, sizeLimit: pageLimit, cursorFields: 1)
        var found = try await log.members(of: record.id).filter { $0.state != .left }
        if paging.isDescending { found.reverse() }
        if let cursor = paging.cursor {
            // Goes on after the member the last page ended with; when it has left, from the start.
            found.removeFirst((found.firstIndex { $0.id.text == cursor[0] } ?? -1) + 1)
        }
        let shown = found.prefix(paging.size)
        let next = found.count > paging.size ? shown.last.map { [$0.id.text] } : nil
        let items = shown.map { ConversationJSON.member($0, isLite: true, request) }
        return .json(paging.page("members", items, next: next, request, filters: []))
    }

    private func member(_ request: APIRequest) async throws -> APIReply {
        let record = try await conversation(request)
        let wanted = request.parameters[1]
        let members = try await log.members(of: record.id)
        let found =
            if wanted == "me", let user = try request.authenticated().user {
                // The membership that lasts, else the newest.
                members.last { $0.user.name == user && $0.state != .left } ?? members.last { $0.user.name == user }
            } else {
                members.first { $0.id.text == wanted }
            }
        guard let found else { throw Problem.missing("member", wanted) }
        return .json(ConversationJSON.member(found, isLite: false, request))
    }

    private func events(_ request: APIRequest) async throws -> APIReply {
        let record = try await conversation(request)
        var reader = QueryReader(request.query)
        let start = reader.number("start_id", in: 0...Int.max)
        let end = reader.number("end_id", in: 0...Int.max)
        try reader.finish()
        var defaultSize = 10
        if let start, let end, start <= end {
            // JS clients close a gap with one request and read one page (conversation-api §6).
            let span = end.subtractingReportingOverflow(start)
            defaultSize = span.overflow ? pageLimit : max(1, min(span.partialValue, pageLimit - 1) + 1)
        }
        let paging = try Paging(request, sizeLimit: pageLimit, defaultSize: defaultSize, cursorFields: 1)
        var first = max(1, start ?? 1)
        var last = end ?? Int.max
        if let cursor = paging.cursor {
            guard let id = Int(cursor[0]), id > 0 else {
                throw Problem.invalid("cursor", "is not a cursor of this list")
            }
            if paging.isDescending { last = min(last, id - 1) } else { first = max(first, id == .max ? id : id + 1) }
        }
        let filter = EventFilter(type: request.query["event_type"], clientOnly: try request.authenticated().user != nil)
        var items: [JSON] = []
        var scanned = 0
        var next: [String]?
        while first <= last, scanned < Self.scanLimit {
            let rows = try await log.events(
                of: record.id, ids: first...last, limit: paging.size + 1, descending: paging.isDescending)
            for row in rows {
                if items.count == paging.size { break }
                guard let id = row.id else { continue }
                next = [String(id)]
                if paging.isDescending { last = id - 1 } else { first = id + 1 }
                if filter.admits(row), let item = ConversationJSON.event(row, of: record.id, request) {
                    items.append(item)
                }
            }
            scanned += rows.count
            // Fewer than asked for: the list is at its end, unless the page was full before.
            if rows.count <= paging.size, items.count < paging.size || rows.last?.id.map(String.init) == next?.first {
                next = nil
                break
            }
            if items.count == paging.size { break }
        }
        return .json(
            paging.page("events", items, next: next, request, filters: ["start_id", "end_id", "event_type"]))
    }

    private func event(_ request: APIRequest) async throws -> APIReply {
        let record = try await conversation(request)
        let wanted = request.parameters[1]
        let filter = EventFilter(type: nil, clientOnly: try request.authenticated().user != nil)
        guard let id = Int(wanted), id > 0,
            let row = try await log.events(of: record.id, ids: id...id, limit: 1, descending: false).first,
            filter.admits(row), let json = ConversationJSON.event(row, of: record.id, request)
        else { throw Problem.missing("event", wanted) }
        return .json(json)
    }

    /// The conversation of the path, when it is there for this caller.
    private func conversation(_ request: APIRequest) async throws -> ConversationRecord {
        let caller = try request.authenticated()
        let wanted = request.parameters[0]
        guard let record = try await log.conversation(ConversationID(wanted)),
            record.application == caller.application
        else { throw Problem.missing("conversation", wanted) }
        guard let user = caller.user else { return record }
        if record.state == .deleted, let destroyed = record.destroyed,
            request.now.milliseconds - destroyed.milliseconds > Self.readableAfterEndMilliseconds
        {
            throw Problem.missing("conversation", wanted)
        }
        guard try await log.members(of: record.id).contains(where: { $0.user.name == user }) else {
            throw Problem.missing("conversation", wanted)
        }
        return record
    }
}

/// Which events of a conversation a list shows.
private struct EventFilter {
    /// A type, or its beginning with `*` at the end.
    var type: String?
    /// What live sessions see, so that a list never shows a user more than its session (events.md §3).
    var clientOnly: Bool

    func admits(_ row: EventRow) -> Bool {
        if clientOnly, !row.visibleToClients { return false }
        guard let type else { return true }
        return type.hasSuffix("*") ? row.type.hasPrefix(type.dropLast()) : row.type == type
    }
}
