import EdgeProtocols
import WireJSON

/// Text messages to the application (contract websocket-endpoint §2 and §4).
enum SocketMessages {
    /// The first message: members of the endpoint's headers beside the protocol's own, which win.
    static func connected(_ call: SocketCall) -> JSON {
        var message: JSONObject = ["event": "websocket:connected", "content-type": .string(call.contentType)]
        for (key, value) in call.headers.members where message[key] == nil { message[key] = value }
        return .object(message)
    }

    static func digit(_ digit: Character, durationMilliseconds: Int) -> JSON {
        [
            "event": "websocket:dtmf", "digit": .string(String(digit)), "duration": .int(Int64(durationMilliseconds)),
        ]
    }

    static let cleared: JSON = ["event": "websocket:cleared"]

    static func notify(_ payload: JSON) -> JSON { ["event": "websocket:notify", "payload": payload] }
}

/// A text message of the application.
enum SocketRequest {
    case clear
    case notify(JSON)

    /// Bytes of a text message that is read at all.
    static let maximumBytes = 64 << 10

    /// Why a message is ignored, in words.
    struct Fault: Error {
        let reason: String
    }

    init(text: [UInt8]) throws(Fault) {
        let message: JSON
        do throws(JSONSyntaxError) {
            message = try JSON(parsing: text)
        } catch {
            throw Fault(reason: "no JSON: \(error)")
        }
        guard let object = message.object else { throw Fault(reason: "no JSON object") }
        switch object["action"]?.string {
        case "clear": self = .clear
        case "notify": self = .notify(object["payload"] ?? [:])
        case let action?: throw Fault(reason: "unknown action '\(action.prefix(64))'; there are clear and notify")
        case nil: throw Fault(reason: "no action; there are clear and notify")
        }
    }
}
