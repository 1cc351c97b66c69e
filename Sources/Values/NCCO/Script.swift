public import WireJSON

/// A call script that was accepted: its actions with every default filled in, and what was tolerated on the way.
public struct Script: Hashable, Sendable {
    public var actions: [Action]
    /// In document order.
    public var warnings: [ScriptWarning]

    public init(actions: [Action], warnings: [ScriptWarning] = []) {
        self.actions = actions
        self.warnings = warnings
    }

    /// Reads and validates a whole NCCO.
    ///
    /// - Fails with: `ScriptRefusal` naming every fault; one bad action refuses the script.
    /// - Threading: any; pure.
    /// - Source: contract ncco.md §1 to §5.
    public static func parse(_ bytes: some Collection<UInt8>) throws(ScriptRefusal) -> Script {
        let document: JSON
        do {
            document = try JSON(parsing: bytes)
        } catch {
            let reason = "not valid JSON (\(error.reason) at byte \(error.offset))"
            throw ScriptRefusal(faults: [ScriptFault(path: "/", reason: reason)])
        }
        return try parse(document)
    }

    /// The same for a document that is part of another one (`ncco` of `POST /v1/calls`); paths start at `json`.
    public static func parse(_ json: JSON) throws(ScriptRefusal) -> Script {
        var findings = Findings()
        let actions = ActionReader.script(json, &findings)
        if let refusal = findings.refusal(of: json) { throw refusal }
        return Script(actions: actions, warnings: findings.warnings)
    }
}

/// Why a script or an endpoint was refused.
public struct ScriptRefusal: Error, Hashable, Sendable {
    /// Never empty, in document order, at most `Findings.maximumFaults`.
    public var faults: [ScriptFault]

    public init(faults: [ScriptFault]) { self.faults = faults }

    /// Reason of the error webhook: the documented sentence, which applications match on, then the first fault.
    public var message: String {
        let sentence = "Syntax error in NCCO. Invalid value type or action."
        guard let first = faults.first else { return sentence }
        return "\(sentence) at \(first)"
    }
}

/// One thing wrong with a script.
public struct ScriptFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// JSON pointer of the offending value; `/` is the document itself.
    public var path: String
    public var reason: String
    public init(path: String, reason: String) {
        self.path = path
        self.reason = reason
    }
    public var description: String { "\(path): \(reason)" }
}

/// What a script may be tolerated for and its reader should know (unknown options, clamped values).
public struct ScriptWarning: Hashable, Sendable {
    /// JSON pointer of the value.
    public var path: String
    public var reason: String
    public init(path: String, reason: String) {
        self.path = path
        self.reason = reason
    }
}
