import LiveLink
import CallModel
import EdgeProtocols
import HTTPTypes
import MediaTime
import NIOCore
import WireJSON

/// `/control/…` on the control socket: what the command line asks of a running box. No tokens: who may open the
/// socket's file is allowed (design §4a).
struct ControlRoutes: Sendable {
    let log: any LogQueries
    let commands: any CallCommands
    let status: any RuntimeStatus
    let hooks: ControlHooks
    let hub: LiveHub

    private static let pageRows = 500

    var routes: [Route] {
        [
            Route(.get, "/control/status", .open, showStatus),
            Route(.get, "/control/events", .open, events),
            Route(.post, "/control/reload", .open, reload),
            Route(.post, "/control/device/*/answer", .open) { request in
                let application = request.query["application"].map { ApplicationID($0) }
                try await commands.answerDevice(user: request.parameters[0], application: application)
                return .noContent
            },
            Route(.post, "/control/device/*/hangup", .open) { request in
                try await commands.hangUpDevice(user: request.parameters[0])
                return .noContent
            },
        ]
    }

    private func showStatus(_ request: APIRequest) async throws -> APIReply {
        let health = hooks.health()
        let snapshot = status.snapshot()
        let directory = status.directory
        var json = JSONObject()
        json["ready"] = .bool(health.isReady)
        json["reasons"] = .array(health.reasons.map { .string($0) })
        json["draining"] = .bool(snapshot.draining)
        json["conversations"] = JSON(snapshot.conversations)
        json["calls"] = JSON(snapshot.calls)
        json["legs"] = ServiceRoutes.legs(snapshot)
        json["client_sessions"] = JSON(hub.sessions)
        json["position"] = .int(try await log.newestPosition())
        json["applications"] = .array(
            directory.applications.values.sorted { $0.name < $1.name }.map {
                ["id": .string($0.id.text), "name": .string($0.name)]
            })
        json["numbers"] = .array(
            directory.numbers.map {
                ["number": .string($0.number), "application": .string($0.application.text)]
            })
        json["users"] = .array(directory.users.keys.sorted().map { .string($0) })
        json["trunks"] = .array(directory.trunks.map { .string($0.name) })
        for (key, value) in hooks.details().members { json[key] = value }
        return .json(.object(json))
    }

    private func reload(_ request: APIRequest) async throws -> APIReply {
        switch await hooks.reload() {
        case .applied(let changes):
            return .json(["changed": .array(changes.map { .string($0) })])
        case .refused(let faults):
            var problem = Problem.badRequest("The configuration has faults; nothing was changed")
            problem.invalidParameters = faults.map { Problem.InvalidParameter(name: $0.path, reason: $0.reason) }
            throw problem
        }
    }

    /// Every stored event, one JSON object a line; `follow=true` goes on with new ones.
    private func events(_ request: APIRequest) async throws -> APIReply {
        var reader = QueryReader(request.query)
        let isNow = request.query["since"] == "now"
        let since = isNow ? nil : reader.number("since", in: 0...Int.max)
        let conversation = request.query["conversation"].map { ConversationID($0) }
        let follow = ["true", "1", "yes"].contains(request.query["follow"]?.lowercased() ?? "")
        try reader.finish()
        let newest = try await hub.tail.start()
        let start = isNow ? newest : Int64(since ?? 0)
        return APIReply(
            status: .ok, headers: [.contentType: "application/x-ndjson"],
            body: .stream { writer in
                var position = start
                while true {
                    // What is committed up to here is in the rows that follow.
                    let known = hub.tail.signal.newest
                    let rows = try await log.rows(
                        after: position, limit: Self.pageRows, application: nil, conversation: conversation,
                        stream: nil)
                    if !rows.isEmpty {
                        try await writer.write(rows.flatMap { Self.line($0) + [UInt8(ascii: "\n")] })
                    }
                    if rows.count == Self.pageRows, let last = rows.last {
                        position = last.position
                        continue
                    }
                    position = max(position, known, rows.last?.position ?? 0)
                    guard follow, await hub.tail.signal.wait(beyond: position) else { return }
                }
            })
    }

    private static func line(_ row: EventRow) -> [UInt8] {
        var json = JSONObject()
        json["position"] = .int(row.position)
        json["stream"] = .string(row.stream.rawValue)
        json["conversation_id"] = row.conversation.map { .string($0.text) } ?? .null
        json["id"] = row.id.map { JSON($0) } ?? .null
        json["type"] = .string(row.type)
        json["timestamp"] = .string(row.instant.iso8601)
        // A row that is not JSON is shown as it is: this is the tool that finds such things.
        let body = (try? JSON(parsing: row.body)) ?? .string(String(decoding: row.body, as: UTF8.self))
        json["body"] = row.stream == .rtc ? body["body"] ?? body : body
        return JSON.object(json).bytes
    }
}
