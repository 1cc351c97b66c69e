import CallModel
import WireJSON

/// URLs and where an action's webhooks go (ncco §1).
extension Findings {
    mutating func url(_ key: String, _ value: JSON) -> String? {
        guard let text = text(key, value) else { return nil }
        guard Syntax.isHTTPURL(text) else {
            fault(key, "must be an absolute http or https URL")
            return nil
        }
        return text
    }

    /// An array of exactly one URL.
    mutating func onlyURL(_ key: String, _ value: JSON) -> String? {
        guard case .array(let items) = value else {
            fault(key, "must be an array with one URL")
            return nil
        }
        guard items.count == 1 else {
            fault(key, "exactly one URL, \(items.count) given")
            return nil
        }
        return within(key) { $0.url("0", items[0]) }
    }

    /// A URL, or an array of exactly one: documentation and SDKs differ.
    mutating func urlOrOnlyURL(_ key: String, _ value: JSON) -> String? {
        if case .array = value { return onlyURL(key, value) }
        return url(key, value)
    }
}

/// `eventUrl` and `eventMethod` of an action while its members are read.
struct EventOptions {
    private var url: String?
    private var method: WebhookTarget.Method?
    private(set) var isURLGiven = false

    mutating func readURL(_ key: String, _ value: JSON, _ findings: inout Findings) {
        isURLGiven = true
        guard case .array(let items) = value else { return findings.fault(key, "must be an array") }
        guard let first = items.first else { return findings.fault(key, "at least one URL") }
        url = findings.within(key) { $0.url("0", first) }
        if items.count > 1 { findings.warn(key, "only the first URL is used") }
    }

    mutating func readMethod(_ key: String, _ value: JSON, _ findings: inout Findings) {
        if case .string(let text) = value { method = WebhookTarget.Method(rawValue: text.uppercased()) }
        if method == nil { findings.fault(key, "must be GET or POST") }
    }

    /// Nil: the Application's own.
    func target(_ findings: inout Findings) -> WebhookTarget? {
        if let url { return WebhookTarget(url: url, method: method ?? .post) }
        if method != nil, !isURLGiven { findings.warn("eventMethod", "has no effect without eventUrl") }
        return nil
    }
}
