import CallModel
import EdgeProtocols
import HTTPTypes
import LiveLink
import MediaTime
import Tokens
import WireJSON

/// `/v1/users` (conversation-api §4): those of the API and, to be read only, those of the configuration (README 21).
struct UserRoutes: Sendable {
    let log: any LogQueries
    let status: any RuntimeStatus
    let editing: any DirectoryEditing
    let hub: LiveHub
    let pageLimit: Int

    /// A user as both sources know it.
    private struct Entry {
        var id: UserID
        var name: String
        var document: JSONObject
        /// Nil for a configured one.
        var record: UserRecord?
        var declaredAt: String?
    }

    var routes: [Route] {
        [
            Route(.get, "/v1/users", .application, list),
            Route(.post, "/v1/users", .application, create),
            Route(.get, "/v1/users/*", .token, show),
            Route(.patch, "/v1/users/*", .token, update),
            Route(.delete, "/v1/users/*", .application, remove),
            Route(.get, "/v1/users/*/conversations", .token, conversations),
            Route(.get, "/v1/users/*/sessions", .token, sessions),
        ]
    }

    private func list(_ request: APIRequest) async throws -> APIReply {
        let caller = try request.authenticated()
        let paging = try Paging(request, sizeLimit: pageLimit, cursorFields: 1)
        var found = entries(caller.application).sorted { $0.name < $1.name }
        if let name = request.query["name"] { found = found.filter { $0.name == name } }
        if paging.isDescending { found.reverse() }
        if let cursor = paging.cursor {
            found = found.filter { paging.isDescending ? $0.name < cursor[0] : $0.name > cursor[0] }
        }
        let shown = found.prefix(paging.size)
        let next = found.count > paging.size ? shown.last.map { [$0.name] } : nil
        let items = shown.map { UserDocument.json(id: $0.id, name: $0.name, $0.document, isLite: true, request) }
        return .json(paging.page("users", items, next: next, request, filters: ["name"]))
    }

    private func create(_ request: APIRequest) async throws -> APIReply {
        let caller = try request.authenticated()
        var reader = FieldReader(try request.jsonBody())
        let name = UserDocument.name(&reader) ?? "NAM-" + UUIDText.random()
        var document = JSONObject()
        UserDocument.read(&reader, into: &document)
        try reader.finish()
        let record = UserRecord(
            id: .make(), application: caller.application, name: name, document: document, created: request.now)
        try await save(record)
        return .json(
            UserDocument.json(id: record.id, name: name, document, isLite: false, request), status: .created)
    }

    private func show(_ request: APIRequest) async throws -> APIReply {
        let entry = try wanted(request)
        return .json(UserDocument.json(id: entry.id, name: entry.name, entry.document, isLite: false, request))
    }

    private func update(_ request: APIRequest) async throws -> APIReply {
        var record = try changeable(request)
        if let user = try request.authenticated().user, user != record.name {
            throw Problem.forbidden("A user token changes its own user only")
        }
        var reader = FieldReader(try request.jsonBody())
        if let name = UserDocument.name(&reader) { record.name = name }
        UserDocument.read(&reader, into: &record.document)
        try reader.finish()
        try await save(record)
        return .json(
            UserDocument.json(id: record.id, name: record.name, record.document, isLite: false, request))
    }

    private func remove(_ request: APIRequest) async throws -> APIReply {
        try await editing.remove(try changeable(request))
        return .noContent
    }

    /// Conversations in which the user is or was a member, each with the newest membership.
    private func conversations(_ request: APIRequest) async throws -> APIReply {
        let caller = try request.authenticated()
        let entry = try wanted(request)
        if let user = caller.user, user != entry.name {
            throw Problem.forbidden("A user token sees its own conversations only")
        }
        let paging = try Paging(request, sizeLimit: pageLimit, cursorFields: 1)
        var ids = try await log.conversations(ofUser: entry.name, application: caller.application)
            .sorted { $0.text < $1.text }
        if paging.isDescending { ids.reverse() }
        if let cursor = paging.cursor {
            ids = ids.filter { paging.isDescending ? $0.text < cursor[0] : $0.text > cursor[0] }
        }
        var items: [JSON] = []
        for id in ids.prefix(paging.size) {
            guard let record = try await log.conversation(id) else { continue }
            var item = ConversationJSON.conversation(record, isLite: true, request).object ?? JSONObject()
            let mine = try await log.members(of: id).filter { $0.user.name == entry.name }
            if let member = mine.last(where: { $0.state != .left }) ?? mine.last {
                item["_embedded"] = [
                    "member": ["id": .string(member.id.text), "state": .string(member.state.rawValue)]
                ]
            }
            items.append(.object(item))
        }
        let next = ids.count > paging.size ? ids.prefix(paging.size).last.map { [$0.text] } : nil
        return .json(paging.page("conversations", items, next: next, request, filters: []))
    }

    /// Live sessions of the user. One ends with its socket: it has no time to live without (conversation-api §5).
    private func sessions(_ request: APIRequest) async throws -> APIReply {
        let caller = try request.authenticated()
        let entry = try wanted(request)
        if let user = caller.user, user != entry.name {
            throw Problem.forbidden("A user token sees its own sessions only")
        }
        let paging = try Paging(request, sizeLimit: pageLimit, cursorFields: 1)
        var ids = hub.sessions(of: entry.name, application: caller.application).sorted()
        if paging.isDescending { ids.reverse() }
        if let cursor = paging.cursor {
            ids = ids.filter { paging.isDescending ? $0 < cursor[0] : $0 > cursor[0] }
        }
        let key = status.directory.account.apiKey
        let items = ids.prefix(paging.size).map { id -> JSON in
            [
                "id": .string(id),
                "_embedded": [
                    "user": ["id": .string(entry.id.text), "name": .string(entry.name)], "api_key": .string(key),
                ],
                "properties": ["ttl": 0],
                "_links": ["self": ["href": .string(request.link("/v1/users/\(entry.id)/sessions/\(id)", []))]],
            ]
        }
        let next = ids.count > paging.size ? ids.prefix(paging.size).last.map { [$0] } : nil
        return .json(paging.page("sessions", items, next: next, request, filters: []))
    }

    // MARK: Parts

    private func save(_ record: UserRecord) async throws {
        do throws(CommandFault) {
            try await editing.save(record)
        } catch {
            guard error.code == .conflict else { throw error }
            throw Problem(
                .conflict, code: "user:error:duplicate-name", title: "Conflict", detail: error.detail,
                base: .conversation)
        }
    }

    private func entries(_ application: ApplicationID) -> [Entry] {
        let directory = status.directory
        let owner = directory.applications[application]
        let configured = directory.users.values.filter { user in
            user.belongs(to: owner ?? Application(id: application, name: ""))
        }.map { user in
            var document = JSONObject()
            document["display_name"] = user.displayName.map { .string($0) }
            if let contact = user.contact { document["channels"] = ["sip": [["uri": .string(contact)]]] }
            return Entry(
                id: directory.userID(user.name, application: application), name: user.name, document: document,
                declaredAt: user.declaredAt)
        }
        return configured
            + editing.users(of: application).map {
                Entry(id: $0.id, name: $0.name, document: $0.document, record: $0)
            }
    }

    private func wanted(_ request: APIRequest) throws -> Entry {
        let id = request.parameters[0]
        let caller = try request.authenticated()
        guard let entry = entries(caller.application).first(where: { $0.id.text == id }) else {
            throw Problem.missing("user", id)
        }
        return entry
    }

    private func changeable(_ request: APIRequest) throws -> UserRecord {
        let entry = try wanted(request)
        guard let record = entry.record else { throw Problem.declared("user", entry.declaredAt) }
        return record
    }
}
