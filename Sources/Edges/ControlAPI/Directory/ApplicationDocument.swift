public import CallModel
public import EdgeProtocols
import WireJSON

/// An Application as `/v2/applications` spells it (openapi/application.v2.yml, voice-webhooks §6).
public enum ApplicationDocument {
    // MARK: Reading

    /// `capabilities` and `privacy` of a request, with what is wrong noted in the reader; normalised, so that what is
    /// kept is what is shown.
    static func read(_ reader: inout FieldReader) -> JSONObject {
        var document = JSONObject()
        var capabilities = JSONObject()
        if let given = object("capabilities", &reader) {
            for (name, value) in given.members {
                guard let object = value.object else {
                    reader.fault("capabilities.\(name)", "must be an object")
                    continue
                }
                switch name {
                case "voice": capabilities[name] = .object(voice(object, &reader))
                case "rtc": capabilities[name] = .object(rtc(object, &reader))
                // Of products that the box does not have: kept and shown, so that a description survives the trip.
                case "messages", "verify", "vbc", "video", "network_apis":
                    checkWebhooks(of: object, in: "capabilities.\(name)", &reader)
                    capabilities[name] = value
                default: reader.fault("capabilities.\(name)", "is no capability")
                }
            }
        }
        document["capabilities"] = .object(capabilities)
        if let privacy = object("privacy", &reader) {
            var kept = JSONObject()
            if let flag = privacy["improve_ai"] {
                if flag.bool == nil { reader.fault("privacy.improve_ai", "must be true or false") }
                kept["improve_ai"] = flag
            }
            document["privacy"] = .object(kept)
        }
        return document
    }

    private static func object(_ name: String, _ reader: inout FieldReader) -> JSONObject? {
        guard let value = reader.body[name], !value.isNull else { return nil }
        if value.object == nil { reader.fault(name, "must be an object") }
        return value.object
    }

    /// Those that are only kept: objects whose address and method are text.
    private static func checkWebhooks(of capability: JSONObject, in path: String, _ reader: inout FieldReader) {
        guard let given = capability["webhooks"] else { return }
        guard let webhooks = given.object else { return reader.fault("\(path).webhooks", "must be an object") }
        for (name, value) in webhooks.members {
            let path = "\(path).webhooks.\(name)"
            guard let webhook = value.object else {
                reader.fault(path, "must be an object")
                continue
            }
            for field in ["address", "http_method"] {
                if let text = webhook[field], text.string == nil { reader.fault("\(path).\(field)", "must be text") }
            }
        }
    }

    private static func voice(_ given: JSONObject, _ reader: inout FieldReader) -> JSONObject {
        var inner = FieldReader(given, under: "capabilities.voice.")
        var voice = JSONObject()
        var webhooks = JSONObject()
        for (name, method) in [("answer_url", "GET"), ("fallback_answer_url", "GET"), ("event_url", "POST")] {
            webhooks[name] = webhook(name, defaultMethod: method, of: given, in: "capabilities.voice", &inner)
        }
        voice["webhooks"] = .object(webhooks)
        voice["signed_callbacks"] = .bool(inner.flag("signed_callbacks") ?? true)
        voice["conversations_ttl"] = JSON(inner.whole("conversations_ttl", in: 1...9000) ?? 48)
        voice["leg_persistence_time"] = JSON(inner.whole("leg_persistence_time", in: 1...31) ?? 7)
        if let region = given["region"] {
            if region.string == nil { inner.fault("region", "must be text") }
            voice["region"] = region
        }
        reader.take(inner)
        return voice
    }

    private static func rtc(_ given: JSONObject, _ reader: inout FieldReader) -> JSONObject {
        var inner = FieldReader(given, under: "capabilities.rtc.")
        var webhooks = JSONObject()
        webhooks["event_url"] = webhook("event_url", defaultMethod: "POST", of: given, in: "capabilities.rtc", &inner)
        let rtc: JSONObject = [
            "webhooks": .object(webhooks), "signed_callbacks": .bool(inner.flag("signed_callbacks") ?? true),
        ]
        reader.take(inner)
        return rtc
    }

    private static func webhook(
        _ name: String, defaultMethod: String, of capability: JSONObject, in path: String, _ reader: inout FieldReader
    ) -> JSON? {
        guard let webhooks = capability["webhooks"], !webhooks.isNull else { return nil }
        guard let all = webhooks.object else {
            // Said once, with the first URL that is looked for.
            if name == "answer_url" || path.hasSuffix("rtc") { reader.fault("webhooks", "must be an object") }
            return nil
        }
        guard let value = all[name], !value.isNull else { return nil }
        guard let given = value.object else {
            reader.fault("webhooks.\(name)", "must be an object")
            return nil
        }
        var inner = FieldReader(given, under: "\(path).webhooks.\(name).")
        defer { reader.take(inner) }
        // An empty address is how SDKs of the past take a URL away.
        if given["address"]?.string == "" { return nil }
        if given["address"] == nil { inner.fault("address", "is required") }
        var url = JSONObject()
        url["address"] = inner.address("address").map { .string($0) }
        inner.word("http_method", among: ["GET", "POST"])
        url["http_method"] = given["http_method"] ?? .string(defaultMethod)
        let connect = given["connect_timeout"] == nil ? "connection_timeout" : "connect_timeout"
        if let limit = inner.whole(connect, in: 300...1000) { url["connect_timeout"] = JSON(limit) }
        if let limit = inner.whole("socket_timeout", in: 1000...10_000) { url["socket_timeout"] = JSON(limit) }
        return .object(url)
    }

    // MARK: The Application it describes

    /// The Application of a stored record; its document was validated when it was saved.
    public static func application(_ record: ApplicationRecord) -> Application {
        var application = Application(id: record.id, name: record.name)
        let voice = record.document["capabilities"]?["voice"]
        let rtc = record.document["capabilities"]?["rtc"]
        application.answerURL = setting(voice?["webhooks"]?["answer_url"], socketTimeout: 5000)
        application.fallbackAnswerURL = setting(voice?["webhooks"]?["fallback_answer_url"], socketTimeout: 5000)
        application.voiceEventURL = setting(voice?["webhooks"]?["event_url"], socketTimeout: 10_000)
        application.rtcEventURL = setting(rtc?["webhooks"]?["event_url"], socketTimeout: 10_000)
        application.voiceSignedCallbacks = voice?["signed_callbacks"]?.bool ?? true
        application.rtcSignedCallbacks = rtc?["signed_callbacks"]?.bool ?? true
        application.roomSeconds = voice?["conversations_ttl"]?.int.map { $0 * 3600 }
        application.legPersistenceDays = voice?["leg_persistence_time"]?.int ?? application.legPersistenceDays
        application.publicKeyPEM = record.publicKeyPEM
        return application
    }

    private static func setting(_ url: JSON?, socketTimeout: Int) -> WebhookSetting? {
        guard let address = url?["address"]?.string,
            let method = url?["http_method"]?.string.flatMap({ WebhookTarget.Method(rawValue: $0) })
        else { return nil }
        return WebhookSetting(
            target: WebhookTarget(url: address, method: method),
            connectTimeoutMilliseconds: url?["connect_timeout"]?.int ?? 1000,
            socketTimeoutMilliseconds: url?["socket_timeout"]?.int ?? socketTimeout)
    }

    // MARK: Showing

    /// `capabilities` of a configured Application, spelled the same way.
    static func document(_ application: Application) -> JSONObject {
        var voice = JSONObject()
        voice["answer_url"] = json(application.answerURL)
        voice["fallback_answer_url"] = json(application.fallbackAnswerURL)
        voice["event_url"] = json(application.voiceEventURL)
        var rtc = JSONObject()
        rtc["event_url"] = json(application.rtcEventURL)
        return [
            "capabilities": [
                "voice": [
                    "webhooks": .object(voice), "signed_callbacks": .bool(application.voiceSignedCallbacks),
                    "conversations_ttl": JSON((application.roomSeconds ?? 172_800) / 3600),
                    "leg_persistence_time": JSON(application.legPersistenceDays),
                ],
                "rtc": [
                    "webhooks": .object(rtc), "signed_callbacks": .bool(application.rtcSignedCallbacks),
                ],
            ]
        ]
    }

    private static func json(_ setting: WebhookSetting?) -> JSON? {
        guard let setting else { return nil }
        return [
            "address": .string(setting.target.url), "http_method": .string(setting.target.method.rawValue),
            "connect_timeout": JSON(setting.connectTimeoutMilliseconds),
            "socket_timeout": JSON(setting.socketTimeoutMilliseconds),
        ]
    }
}
