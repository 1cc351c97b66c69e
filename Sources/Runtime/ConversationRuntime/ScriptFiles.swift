import Foundation
import NCCO
import Synchronization
import WireJSON

/// Call scripts on disk (`answer_ncco`), parsed once per change, with `{{to}}` and the like filled in.
///
/// - Reference: design §5, "Beyond the cloud".
/// - Threading: any thread; reads a small local file when it has changed.
final class ScriptFiles: Sendable {
    private struct Parsed {
        var modified: timespec
        var size: Int
        var json: JSON
        var template: Bool
        var script: Script?
    }

    struct Fault: Error {
        let reason: String
    }

    private let files = Mutex<[String: Parsed]>([:])

    func script(at path: String, substitutions: [String: String]) throws(Fault) -> Script {
        let parsed = try current(path)
        if let script = parsed.script { return script }
        do throws(ScriptRefusal) {
            return try Script.parse(parsed.template ? parsed.json.filled(with: substitutions) : parsed.json)
        } catch {
            throw Fault(reason: error.message + " in \(path)")
        }
    }

    private func current(_ path: String) throws(Fault) -> Parsed {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else {
            throw Fault(reason: "\(path): \(unsafe String(cString: strerror(errno)))")
        }
        let known = files.withLock { $0[path] }
        if let known, known.size == Int(status.st_size), known.modified.tv_sec == status.st_mtim.tv_sec,
            known.modified.tv_nsec == status.st_mtim.tv_nsec
        {
            return known
        }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw Fault(reason: "\(path): cannot be read")
        }
        do throws(JSONSyntaxError) {
            let json = try JSON(parsing: data)
            let template = json.text.contains("{{")
            let parsed = Parsed(
                modified: status.st_mtim, size: Int(status.st_size), json: json, template: template,
                script: template ? nil : try? Script.parse(json))
            files.withLock { $0[path] = parsed }
            return parsed
        } catch {
            throw Fault(reason: "\(path): \(error)")
        }
    }
}

extension JSON {
    /// Replaces `{{name}}` in every string value.
    func filled(with substitutions: [String: String]) -> JSON {
        switch self {
        case .string(let text):
            guard text.contains("{{") else { return self }
            var filled = text
            for (name, value) in substitutions { filled = filled.replacingOccurrences(of: "{{\(name)}}", with: value) }
            return .string(filled)
        case .array(let items): return .array(items.map { $0.filled(with: substitutions) })
        case .object(let object):
            return .object(JSONObject(object.members.map { ($0.key, $0.value.filled(with: substitutions)) }))
        default: return self
        }
    }
}
