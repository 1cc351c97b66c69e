import CallModel
import WireJSON

/// Reads the array of actions and what spans several of them.
enum ActionReader {
    static func script(_ json: JSON, _ findings: inout Findings) -> [Action] {
        guard case .array(let items) = json else {
            findings.fault("root must be a JSON array, \(kind(of: json)) was given")
            return []
        }
        var actions: [Action] = []
        actions.reserveCapacity(items.count)
        var run = BargeInRun()
        for (index, item) in items.enumerated() where !findings.isFull {
            let action = findings.within("\(index)") { findings -> Action? in
                guard case .object(let object) = item else {
                    findings.fault("array elements must be objects")
                    return nil
                }
                return read(object, &findings)
            }
            if let action { actions.append(action) }
            run.pass(item, at: index, &findings)
        }
        run.end(&findings)
        return actions
    }

    private static func read(_ object: JSONObject, _ findings: inout Findings) -> Action? {
        guard let value = object["action"] else {
            findings.missing("action")
            return nil
        }
        guard let name = findings.text("action", value) else { return nil }
        switch name {
        case "talk": return talk(object, &findings)
        case "stream": return stream(object, &findings)
        case "input": return input(object, &findings)
        case "connect": return connect(object, &findings)
        case "conversation": return conversation(object, &findings)
        case "record": return record(object, &findings)
        case "notify": return notify(object, &findings)
        case "wait": return wait(object, &findings)
        case "transfer": return transfer(object, &findings)
        case "pay": findings.fault("action", "'pay' is not supported")
        default: findings.fault("action", unknownAction(name))
        }
        return nil
    }

    private static func unknownAction(_ name: String) -> String {
        let known = ["talk", "stream", "input", "connect", "conversation", "record", "notify", "wait", "transfer"]
        guard known.contains(name.lowercased()) else { return "no such action" }
        return "action names are case-sensitive, '\(name)' is unknown"
    }

    private static func kind(of json: JSON) -> String {
        switch json {
        case .null: "null"
        case .bool: "a boolean"
        case .int, .double: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

/// The prompts from the first interruptible one to its `input` (ncco §5): only `talk` and `stream` may stand there.
///
/// Judged by names, so that one faulty prompt is not reported as a broken run as well.
private struct BargeInRun {
    private var start: Int?

    mutating func pass(_ action: JSON, at index: Int, _ findings: inout Findings) {
        if start == nil {
            // Most scripts have no such prompt: its option is looked for before its name is.
            guard let flag = action["bargeIn"], flag == true || flag == "true" else { return }
            let name = action["action"]?.string
            if name == "talk" || name == "stream" { start = index }
            return
        }
        switch action["action"]?.string {
        case "talk", "stream": break
        case "connect"?, "conversation"?, "record"?, "notify"?, "wait"?, "transfer"?:
            fault("only talk or stream may stand before the input, /\(index) is another action", &findings)
        default:
            // The input, or no action at all, which was told where it stands.
            start = nil
        }
    }

    mutating func end(_ findings: inout Findings) { fault("no input action follows", &findings) }

    private mutating func fault(_ reason: @autoclosure () -> String, _ findings: inout Findings) {
        guard let opened = start else { return }
        let text = reason()
        findings.within("\(opened)") { $0.fault("bargeIn", text) }
        start = nil
    }
}
