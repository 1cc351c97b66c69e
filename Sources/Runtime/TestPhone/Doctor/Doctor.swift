public import ConfigFile

/// One thing that was looked at, and how to mend it.
public struct DoctorFinding: Sendable, Hashable {
    public enum Verdict: String, Sendable, Hashable {
        case ok
        /// Works, but not as well as it could.
        case warning
        /// Calls will fail.
        case failure
    }
    /// `ports`, `sound`, `real-time`, `clock`, `disk`, `certificates`, `trunks`, `webhooks`.
    public var area: String
    public var verdict: Verdict
    public var text: String
    /// What to do about it; nil when there is nothing.
    public var fix: String?

    static func ok(_ area: String, _ text: String) -> Self { Self(area: area, verdict: .ok, text: text) }
    static func warning(_ area: String, _ text: String, fix: String) -> Self {
        Self(area: area, verdict: .warning, text: text, fix: fix)
    }
    static func failure(_ area: String, _ text: String, fix: String) -> Self {
        Self(area: area, verdict: .failure, text: text, fix: fix)
    }
}

/// Looks at everything around a box that can keep calls from working.
///
/// - Threading: any; takes a few seconds when peers do not answer.
public struct Doctor: Sendable {
    let configuration: SwitchhookConfiguration

    public init(configuration: SwitchhookConfiguration) { self.configuration = configuration }

    /// Calls `report` for each finding as it is made.
    public func examine(_ report: (DoctorFinding) -> Void) async {
        let isRunning = await isBoxRunning()
        report(.ok("box", isRunning ? "running with this state folder" : "not running"))
        for finding in ports(isRunning: isRunning) { report(finding) }
        for finding in await sound(isRunning: isRunning) { report(finding) }
        for finding in realTime() { report(finding) }
        report(clockSource())
        for finding in disk() { report(finding) }
        for finding in certificates() { report(finding) }
        for finding in await trunks() { report(finding) }
        for finding in await webhooks() { report(finding) }
    }

    private func isBoxRunning() async -> Bool {
        do {
            _ = try await ControlClient(stateFolder: configuration.store.path).get("/control/status")
            return true
        } catch {
            // A box that answers with an error runs too.
            return error.code == .refused
        }
    }
}
