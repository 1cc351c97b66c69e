import CallModel
import EdgeProtocols
import HTTPTypes
import MediaTime
import Tokens
import WireJSON

/// `/v2/applications` (voice-api §9, README 21): basic auth with the account's key and secret. Applications of the
/// configuration file are shown and cannot be changed here.
struct ApplicationRoutes: Sendable {
    let status: any RuntimeStatus
    let editing: any DirectoryEditing
    let pageLimit: Int

    private static let nameLimit = 100

    var routes: [Route] {
        [
            Route(.get, "/v2/applications", .account, list),
            Route(.post, "/v2/applications", .account, create),
            Route(.get, "/v2/applications/*", .account, show),
            Route(.put, "/v2/applications/*", .account, update),
            Route(.delete, "/v2/applications/*", .account, remove),
        ]
    }

    private func list(_ request: APIRequest) async throws -> APIReply {
        var reader = QueryReader(request.query)
        let size = reader.number("page_size", in: 1...pageLimit) ?? 10
        let page = reader.number("page", in: 1...1_000_000) ?? 1
        try reader.finish()
        // Configured ones first, then the others as they were made.
        let all = status.directory.applications.values.map { ($0, editing.application($0.id)) }.sorted { a, b in
            (a.1?.created.milliseconds ?? 0, a.0.name, a.0.id.text)
                < (b.1?.created.milliseconds ?? 0, b.0.name, b.0.id.text)
        }
        let pages = max(1, (all.count + size - 1) / size)
        let shown = all.dropFirst((page - 1) * size).prefix(size).map { json($0.0, $0.1, request) }
        func link(_ page: Int) -> JSON {
            ["href": .string(request.link("/v2/applications", [("page_size", "\(size)"), ("page", "\(page)")]))]
        }
        var links: JSONObject = ["self": link(page), "first": link(1), "last": link(pages)]
        if page < pages { links["next"] = link(page + 1) }
        if page > 1 { links["prev"] = link(min(page - 1, pages)) }
        return .json([
            "page_size": JSON(size), "page": JSON(page), "total_items": JSON(all.count), "total_pages": JSON(pages),
            "_embedded": ["applications": .array(shown)], "_links": .object(links),
        ])
    }

    private func show(_ request: APIRequest) async throws -> APIReply {
        let application = try wanted(request)
        return .json(json(application, editing.application(application.id), request))
    }

    private func create(_ request: APIRequest) async throws -> APIReply {
        let given = try read(request)
        let id = ApplicationID(UUIDText.random())
        var keys = JSONObject()
        let publicKey: String
        if let key = given.publicKey {
            publicKey = key
        } else {
            let pair = try await editing.makeKeys(of: id)
            publicKey = pair.publicPEM
            // Shown this once.
            keys["private_key"] = .string(pair.privatePEM)
        }
        keys["public_key"] = .string(publicKey)
        let record = ApplicationRecord(
            id: id, name: given.name, document: given.document, publicKeyPEM: publicKey, created: request.now)
        try await editing.save(record)
        guard var reply = json(ApplicationDocument.application(record), record, request).object else {
            throw Problem.internalError("an application is no object")
        }
        reply["keys"] = .object(keys)
        return .json(.object(reply), status: .created)
    }

    private func update(_ request: APIRequest) async throws -> APIReply {
        var record = try changeable(request)
        let given = try read(request)
        record.name = given.name
        record.document = given.document
        if let key = given.publicKey { record.publicKeyPEM = key }
        try await editing.save(record)
        return .json(json(ApplicationDocument.application(record), record, request))
    }

    private func remove(_ request: APIRequest) async throws -> APIReply {
        try await editing.remove(try changeable(request).id)
        return .noContent
    }

    // MARK: Parts

    private func read(
        _ request: APIRequest
    ) throws(Problem) -> (name: String, document: JSONObject, publicKey: String?) {
        var reader = FieldReader(try request.jsonBody())
        let name = reader.body["name"]?.string ?? ""
        if !(1...Self.nameLimit).contains(name.count) || name.contains(where: \.isNewline) {
            reader.fault("name", "must be text of 1 to \(Self.nameLimit) characters on one line")
        }
        let document = ApplicationDocument.read(&reader)
        var publicKey: String?
        if let keys = reader.body["keys"], !keys.isNull {
            if keys.object == nil { reader.fault("keys", "must be an object") }
            if let key = keys["public_key"], !key.isNull {
                publicKey = key.string
                if !(key.string.map(editing.isPublicKey) ?? false) {
                    reader.fault("keys.public_key", "must be the PEM text of an RSA public key of 2048 bits or more")
                }
            }
        }
        try reader.finish()
        return (name, document, publicKey)
    }

    private func wanted(_ request: APIRequest) throws(Problem) -> Application {
        let id = request.parameters[0]
        guard let application = status.directory.applications[ApplicationID(id.lowercased())] else {
            throw .notFound(id)
        }
        return application
    }

    private func changeable(_ request: APIRequest) throws(Problem) -> ApplicationRecord {
        let application = try wanted(request)
        if let record = editing.application(application.id) { return record }
        throw .declared("application", application.declaredAt)
    }

    private func json(_ application: Application, _ record: ApplicationRecord?, _ request: APIRequest) -> JSON {
        var json: JSONObject = ["id": .string(application.id.text), "name": .string(application.name)]
        if let key = application.publicKeyPEM { json["keys"] = ["public_key": .string(key)] }
        for (key, value) in (record?.document ?? ApplicationDocument.document(application)).members {
            json[key] = value
        }
        json["_links"] = [
            "self": ["href": .string(request.link("/v2/applications/\(application.id.text)"))]
        ]
        return .object(json)
    }
}
