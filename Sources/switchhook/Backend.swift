import ArgumentParser
import Foundation
import NCCO
import TestPhone
import WireJSON

/// `switchhook backend`: the other side of `answer_url` and `event_url`, for authors.
struct Backend: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "A tiny receiver of answer_url and event_url: serves one call script, prints what it is sent.",
        discussion: """
            /answer gets the script; /event and /rtc are taken and checked; paths are free.

            Example:
              switchhook backend --ncco Config/scripts/welcome.json --port 9090
            """)

    @Option(help: ArgumentHelp("The call script; without it a greeting, then the user kiosk.", valueName: "file"))
    var ncco: String?

    @Option(help: "Where to listen on 127.0.0.1; 0: any free port.")
    var port = 9090

    @Option(help: ArgumentHelp("Verify the signature of every webhook with this secret.", valueName: "text"))
    var secret: String?

    @Flag(help: "One JSON object a request: kind, name, method, path, fields, complaints.")
    var json = false

    func run() async throws {
        let script = try Self.script(ncco)
        let check: BackendServer.Check = { [secret] authorization, body in
            secret.flatMap { SignatureCheck.complaint(authorization: authorization, body: body, secret: $0) }
        }
        let server = BackendServer(script: script, port: port, check: check) { request in
            if json { Terminal.json(Self.json(request)) } else { Self.tell(request) }
        }
        do {
            try await server.run { port in
                Terminal.complain(
                    "listening on http://127.0.0.1:\(port) (answer_url /answer, event_url /event and /rtc)")
            }
        } catch {
            Terminal.complain("\(error)")
            throw ExitCode.failure
        }
    }

    /// The bytes of a script that has been checked.
    static func script(_ file: String?) throws -> [UInt8] {
        guard let file else { return Array(SampleScript.text.utf8) }
        guard let content = FileManager.default.contents(atPath: file) else {
            Terminal.complain("\(file) cannot be read")
            throw ExitCode.failure
        }
        do {
            _ = try Script.parse(content)
        } catch {
            for fault in error.faults { Terminal.complain("\(file): \(fault.path): \(fault.reason)") }
            throw ExitCode.failure
        }
        return Array(content)
    }

    private static func json(_ request: BackendRequest) -> JSON {
        [
            "kind": .string(request.kind.rawValue), "name": .string(request.name), "method": .string(request.method),
            "path": .string(request.path), "fields": .object(request.fields),
            "complaints": .array(request.complaints.map { .string($0) }),
        ]
    }

    private static func tell(_ request: BackendRequest) {
        let about = ["from", "to", "conversation_uuid", "conversation_id", "reason", "detail"].compactMap { key in
            request.fields[key]?.string.map { "\(key)=\($0)" }
        }
        Terminal.line(
            "\(request.method) \(request.path)  \(request.kind.rawValue)  \(request.name)  "
                + about.joined(separator: " "))
        for complaint in request.complaints { Terminal.line("  ! \(complaint)") }
    }
}
