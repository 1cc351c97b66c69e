import ConfigFile
import Foundation
import Testing

@Suite("Texts made of the schema table")
struct ConfigTextTests {
    static let folder =
        URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path + "/Config"

    @Test("Config/switchhook.yaml is the generated text")
    func defaultFile() throws {
        let committed = try String(contentsOfFile: Self.folder + "/switchhook.yaml", encoding: .utf8)
        #expect(committed == ConfigDocumentation.annotatedFile(), "write it with: switchhook check --annotated")
    }

    @Test("every file under Config loads", arguments: ["switchhook.yaml", "bench.yaml"])
    func shippedFilesLoad(name: String) {
        #expect(faults(file: Self.folder + "/" + name).isEmpty)
    }

    @Test("every commented default of the generated file is the value in force")
    func commentedDefaultsAreTrue() throws {
        let lines = ConfigDocumentation.annotatedFile().split(separator: "\n", omittingEmptySubsequences: false)
        let keys = [
            "account", "sip", "media", "device", "http", "store", "webhooks", "clients", "speech", "security",
            "limits", "log",
        ]
        var isInside = false
        var kept: [String] = []
        for line in lines {
            if let first = line.first, first.isLetter { isInside = keys.contains { line.hasPrefix("\($0):") } }
            guard isInside else { continue }
            // The margin "  # " goes; explanations stay comments.
            kept.append(line.hasPrefix("  # ") ? "  " + line.dropFirst(4) : String(line))
        }
        let folder = try TemporaryFolder()
        let file = try folder.write("all.yaml", kept.joined(separator: "\n"))
        let spelledOut = try SwitchhookConfiguration.load(file: file)
        #expect(try SwitchhookConfiguration.load(file: nil).changes(to: spelledOut).isEmpty)
        #expect(kept.contains { $0.contains("listen: 127.0.0.1:5060") })
    }

    @Test("the effective configuration reads back as the same configuration, secrets masked")
    func effectiveTextReadsBack() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write(
            "box.yaml",
            "account: {api_secret: hunter2}\napplications: {\"my: app\": {}}\nnumbers: {\"44*\": {application: \"my: app\"}}\n"
        )
        let box = try SwitchhookConfiguration.load(file: file)
        let text = box.effectiveText()
        #expect(!text.contains("hunter2"))
        let again = try SwitchhookConfiguration.load(file: try folder.write("again.yaml", text))
        #expect(box.changes(to: again).filter { $0.path != "account.api_secret" }.isEmpty)
    }

    @Test("a reload tells what it changes and what waits for a restart, and applies only the first")
    func reloadDifference() throws {
        let folder = try TemporaryFolder()
        let old = try SwitchhookConfiguration.load(
            file: try folder.write(
                "old.yaml",
                "sip: {max_calls: 10}\nlog: {level: info}\ntrunks: {t: {uri: sip:a, username: u, password: x}}\n"))
        let new = try SwitchhookConfiguration.load(
            file: try folder.write(
                "new.yaml",
                "sip: {max_calls: 20}\nlog: {level: debug}\ntrunks: {t: {uri: sip:a, username: u, password: y}}\nusers: {guest: {auto_answer: true}}\n"
            ))
        let changes = old.changes(to: new).map(\.description)
        #expect(changes.contains("sip.max_calls: 10 → 20 (needs a restart)"))
        #expect(changes.contains("log.level: info → debug"))
        #expect(changes.contains("trunks.t.password: \"***\" → \"***\""))
        #expect(changes.contains("users.guest.auto_answer: not set → true"))
        let merged = old.reloaded(with: new)
        #expect(merged.sip.maxCalls == 10)
        #expect(merged.log.level == .debug)
        #expect(merged.users["guest"]?.autoAnswer == true)
    }

    @Test("help names every key once")
    func keyTable() {
        let lines = ConfigDocumentation.keyTable().split(separator: "\n")
        let paths = lines.compactMap { $0.split(separator: " ").first }
        #expect(Set(paths).count == paths.count)
        #expect(paths.contains("sip.listen"))
        #expect(paths.contains("applications.*.capabilities.voice.webhooks.answer_url.address"))
    }
}
