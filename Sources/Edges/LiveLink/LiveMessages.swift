import CallModel
import WireJSON

/// What the box itself tells a live session; events never have a type that starts with `session:`.
package enum LiveMessages {
    /// First message: where the session starts. Everything the client may see after `position` follows.
    package static func ready(_ session: LiveSession) -> [UInt8] {
        var body = JSONObject()
        body["session_id"] = .string(session.id)
        body["application_id"] = .string(session.application.text)
        body["user"] = session.user.map { ["name": .string($0)] } ?? .null
        return message("session:ready", position: session.start, body: body)
    }

    /// The cursor has moved past rows of others: resuming from here is cheaper than from the last event.
    package static func position(_ position: Int64) -> [UInt8] {
        message("session:position", position: position, body: JSONObject())
    }

    /// Last message of an event stream; a WebSocket says the same in its close frame.
    package static func closed(_ reason: String, position: Int64) -> [UInt8] {
        message("session:closed", position: position, body: JSONObject([("reason", .string(reason))]))
    }

    private static func message(_ type: String, position: Int64, body: JSONObject) -> [UInt8] {
        let message: JSON = ["type": .string(type), "body": .object(body), "position": .int(position)]
        return message.bytes
    }
}
