import CallModel
import EdgeProtocols
import NCCO
import WireJSON

/// The body of `POST /v1/calls`, validated field by field (voice-api §2).
struct CallCreation {
    let call: NewCall

    /// - Fails with: 400 naming each bad field.
    init(_ body: JSONObject, application: Application) throws(Problem) {
        var reader = FieldReader(body)
        let to = Self.to(&reader)
        let from = Self.from(&reader)
        let ncco = Self.script(&reader)
        let answer = reader.webhook("answer_url", method: "answer_method", defaultMethod: .get)
        let event = reader.webhook("event_url", method: "event_method", defaultMethod: .post)
        switch (body["ncco"] != nil, body["answer_url"] != nil) {
        case (true, true): reader.fault("ncco", "goes with answer_url never: give one of them")
        case (false, false): reader.fault("ncco", "or answer_url is required")
        case (true, false), (false, true): break
        }
        if body["event_url"] == nil, application.voiceEventURL == nil {
            reader.fault("event_url", "is required: the application has none")
        }
        let ringing = reader.whole("ringing_timer", in: 1...120) ?? 60
        let length = reader.whole("length_timer", in: 1...86_400) ?? 7200
        let detection = Self.machineDetection(&reader)
        try reader.finish()
        var call = NewCall(
            application: application.id, to: to ?? .null, from: from, ncco: ncco, answer: answer, eventTarget: event,
            ringingTimerSeconds: ringing, lengthTimerSeconds: length)
        call.machineDetection = detection
        self.call = call
    }

    private static func to(_ reader: inout FieldReader) -> JSON? {
        guard let value = reader.body["to"] else {
            reader.fault("to", "is required")
            return nil
        }
        guard let items = value.array, items.count == 1 else {
            reader.fault("to", "must be an array of exactly one endpoint")
            return nil
        }
        do throws(ScriptRefusal) {
            _ = try ConnectEndpoint.parse(items[0], path: "/to/0")
        } catch {
            reader.faults(error.faults, under: "")
        }
        return items[0]
    }

    /// A phone endpoint, or a bare number or SIP URI as one SDK sends it. Nil: a number of the application is used.
    private static func from(_ reader: inout FieldReader) -> String? {
        let isRandom = reader.flag("random_from_number")
        guard let value = reader.body["from"], !value.isNull else { return nil }
        if isRandom == true { reader.fault("from", "goes with random_from_number never: give one of them") }
        let text: String?
        if let object = value.object {
            if let type = object["type"], type != "phone" { reader.fault("from/type", "must be phone") }
            text = object["number"]?.string
            if text == nil { reader.fault("from/number", "is required, as text") }
        } else {
            text = value.string
            if text == nil { reader.fault("from", "must be a phone endpoint") }
        }
        guard let text else { return nil }
        guard (1...256).contains(text.utf8.count), text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            reader.fault("from", "must be 1 to 256 printable characters without blanks")
            return nil
        }
        return text
    }

    private static func script(_ reader: inout FieldReader) -> [UInt8]? {
        guard let value = reader.body["ncco"] else { return nil }
        do throws(ScriptRefusal) {
            _ = try Script.parse(value)
        } catch {
            reader.faults(error.faults, under: "ncco")
        }
        return value.bytes
    }

    /// The advanced option wins (voice-api §2).
    private static func machineDetection(_ reader: inout FieldReader) -> AdvancedMachineDetection? {
        let behaviours = MachineDetection.allCases.map(\.rawValue)
        let plain = reader.word("machine_detection", among: behaviours).flatMap { MachineDetection(rawValue: $0) }
        guard let value = reader.body["advanced_machine_detection"] else {
            return plain.map { AdvancedMachineDetection($0) }
        }
        guard let object = value.object else {
            reader.fault("advanced_machine_detection", "must be an object")
            return nil
        }
        var inner = FieldReader(object, under: "advanced_machine_detection/")
        var detection = AdvancedMachineDetection()
        if let word = inner.word("behavior", among: behaviours), let known = MachineDetection(rawValue: word) {
            detection.behavior = known
        }
        let modes = AdvancedMachineDetection.Mode.allCases.map(\.rawValue)
        if let word = inner.word("mode", among: modes), let known = AdvancedMachineDetection.Mode(rawValue: word) {
            detection.mode = known
        }
        detection.beepTimeout = inner.whole("beep_timeout", in: 45...120) ?? detection.beepTimeout
        reader.take(inner)
        return detection
    }
}

/// Reads fields of a JSON body and gathers what is wrong with them.
struct FieldReader {
    let body: JSONObject
    private let prefix: String
    private var found: [Problem.InvalidParameter] = []

    init(_ body: JSONObject, under prefix: String = "") {
        self.body = body
        self.prefix = prefix
    }

    mutating func fault(_ name: String, _ reason: String) {
        found.append(Problem.InvalidParameter(name: prefix + name, reason: reason))
    }

    /// Faults of a script or an endpoint; their paths are JSON pointers.
    mutating func faults(_ faults: [ScriptFault], under name: String) {
        for one in faults {
            let path = name + (one.path == "/" ? "" : one.path)
            fault(path.hasPrefix("/") ? String(path.dropFirst()) : path, one.reason)
        }
    }

    mutating func take(_ other: FieldReader) { found.append(contentsOf: other.found) }

    /// A whole number, also as decimal text.
    mutating func whole(_ name: String, in range: ClosedRange<Int>) -> Int? {
        guard let value = body[name] else { return nil }
        guard let number = value.int ?? value.string.flatMap({ Int($0) }), range.contains(number) else {
            fault(name, "must be a whole number, \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return number
    }

    mutating func flag(_ name: String) -> Bool? {
        guard let value = body[name] else { return nil }
        if value.bool == nil { fault(name, "must be true or false") }
        return value.bool
    }

    @discardableResult
    mutating func word(_ name: String, among words: [String]) -> String? {
        guard let value = body[name] else { return nil }
        guard let text = value.string, words.contains(text) else {
            fault(name, "must be one of \(words.joined(separator: ", "))")
            return nil
        }
        return text
    }

    /// An array of one absolute http or https URL, and the method that goes with it.
    mutating func webhook(
        _ name: String, method methodName: String, defaultMethod: WebhookTarget.Method
    ) -> WebhookTarget? {
        var method = defaultMethod
        if let value = body[methodName] {
            if let known = value.string.flatMap({ WebhookTarget.Method(rawValue: $0.uppercased()) }) {
                method = known
            } else {
                fault(methodName, "must be GET or POST")
            }
        }
        guard let value = body[name] else { return nil }
        guard let items = value.array, items.count == 1, let url = items[0].string, Self.isWebAddress(url) else {
            fault(name, "must be an array of one absolute http or https URL")
            return nil
        }
        return WebhookTarget(url: url, method: method)
    }

    /// One absolute http or https URL, in an array or bare.
    mutating func address(_ name: String) -> String? {
        guard let value = body[name] else { return nil }
        let text = value.string ?? (value.array?.count == 1 ? value[0]?.string : nil)
        guard let text, Self.isWebAddress(text) else {
            fault(name, "must be an array of one absolute http or https URL")
            return nil
        }
        return text
    }

    /// - Fails with: 400 naming each bad field.
    func finish() throws(Problem) {
        if !found.isEmpty { throw .invalid(found) }
    }

    private static func isWebAddress(_ text: String) -> Bool {
        guard (1...2048).contains(text.utf8.count), text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
            let scheme = text.firstRange(of: "://")
        else { return false }
        let host = text[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        return ["http", "https"].contains(text[..<scheme.lowerBound].lowercased()) && !host.isEmpty
    }
}
