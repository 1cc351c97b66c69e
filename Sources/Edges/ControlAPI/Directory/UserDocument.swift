import CallModel
import EdgeProtocols
import Tokens
import WireJSON

/// A User as `/v1/users` spells it (conversation-api §5).
enum UserDocument {
    private static let channels: Set<String> = [
        "pstn", "sip", "vbc", "websocket", "sms", "mms", "whatsapp", "viber", "messenger",
    ]
    /// Whole record on the wire.
    private static let channelLimit = 100

    /// Puts the fields of a request into `document`: an absent one stays as it was, `null` takes it away.
    static func read(_ reader: inout FieldReader, into document: inout JSONObject) {
        text("display_name", 1...50, &reader, &document)
        text("image_url", 1...2048, &reader, &document)
        if let properties = value("properties", &reader, &document) {
            if properties["custom_data"].map({ $0.object == nil && !$0.isNull }) == true {
                reader.fault("properties/custom_data", "must be an object")
            }
            if let ttl = properties["ttl"], ttl.int.map({ $0 < 0 }) ?? !ttl.isNull {
                reader.fault("properties/ttl", "must be a whole number of seconds, 0 or more")
            }
        }
        if let given = value("channels", &reader, &document)?.object {
            for (kind, list) in given.members {
                guard channels.contains(kind) else {
                    reader.fault("channels/\(kind)", "is no kind of channel")
                    continue
                }
                guard let items = list.array, items.count <= channelLimit, items.allSatisfy({ $0.object != nil })
                else {
                    reader.fault("channels/\(kind)", "must be an array of at most \(channelLimit) objects")
                    continue
                }
            }
        }
    }

    /// The name of a request; nil when none is given.
    static func name(_ reader: inout FieldReader) -> String? {
        guard let value = reader.body["name"], !value.isNull else { return nil }
        guard let name = value.string, (1...100).contains(name.count), !name.contains(where: \.isNewline) else {
            reader.fault("name", "must be text of 1 to 100 characters on one line")
            return nil
        }
        return name
    }

    private static func text(
        _ name: String, _ length: ClosedRange<Int>, _ reader: inout FieldReader, _ document: inout JSONObject
    ) {
        guard let value = reader.body[name] else { return }
        document[name] = value.isNull ? nil : value
        guard !value.isNull else { return }
        guard let text = value.string, length.contains(text.count) else {
            reader.fault(name, "must be text of \(length.lowerBound) to \(length.upperBound) characters")
            return
        }
    }

    /// An object that was given; nil when it was not, or is taken away.
    private static func value(_ name: String, _ reader: inout FieldReader, _ document: inout JSONObject) -> JSON? {
        guard let value = reader.body[name] else { return nil }
        document[name] = value.isNull ? nil : value
        guard !value.isNull else { return nil }
        guard value.object != nil else {
            reader.fault(name, "must be an object")
            return nil
        }
        return value
    }

    /// - Parameter isLite: as an item of a list.
    static func json(
        id: UserID, name: String, _ document: JSONObject, isLite: Bool, _ request: APIRequest
    ) -> JSON {
        var json: JSONObject = ["id": .string(id.text), "name": .string(name)]
        json["display_name"] = document["display_name"]
        if !isLite {
            json["image_url"] = document["image_url"]
            json["properties"] = document["properties"] ?? [:]
            json["channels"] = document["channels"] ?? [:]
        }
        let path = "/\(request.path.segments[0])/users/\(PercentEncoding.encode(id.text))"
        json["_links"] = ["self": ["href": .string(request.link(path))]]
        return .object(json)
    }
}
