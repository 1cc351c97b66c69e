import NCCO
import Testing
import WireJSON

/// Path and reason of every fault of a refused script; empty when it is accepted.
func faults(of text: String) throws -> [String] {
    do {
        _ = try Script.parse(Array(text.utf8))
        return []
    } catch {
        return error.faults.map(\.description)
    }
}

/// Paths alone.
func faultPaths(of text: String) throws -> [String] {
    try faults(of: text).map { String($0.prefix { $0 != ":" }) }
}

/// The only action of an accepted script.
func action(_ text: String) throws -> Action {
    let script = try Script.parse(Array(text.utf8))
    return try #require(script.actions.first)
}

/// A `connect` to `endpoint` with nothing else.
func endpoint(_ text: String) throws -> ConnectEndpoint {
    guard case .connect(let connect) = try action(#"[{"action":"connect","endpoint":[\#(text)]}]"#) else {
        throw NotThatAction()
    }
    return connect.endpoint
}

struct NotThatAction: Error {}
