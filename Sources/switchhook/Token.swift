import ArgumentParser
import CallModel
import ConfigFile
import Foundation
import MediaTime
import Tokens
import WireJSON

/// `switchhook token`: a JWT for the APIs or for an app's session.
struct Token: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Makes a token of an Application, or of one of its users.",
        discussion: """
            Signed with the Application's private key: the one of the configuration, or the one the box made on its first
            start.

            Example:
              switchhook token --application sample --ttl 3600
              switchhook token --application sample --sub kiosk --acl '/*/sessions/**,/*/conversations/**'
            """)

    @OptionGroup var options: ConfigOptions

    @Option(help: ArgumentHelp("Name or id of the Application.", valueName: "id"))
    var application: String

    @Option(help: ArgumentHelp("A user of it: makes a user token.", valueName: "user"))
    var sub: String?

    @Option(
        help: ArgumentHelp(
            "Paths with commas, or the acl claim as JSON. A user token without it gets every path of a session.",
            valueName: "paths"))
    var acl: String?

    @Option(help: ArgumentHelp("How long it is good.", valueName: "seconds"))
    var ttl = 900

    @Flag(help: "Print one JSON object: token, application_id, sub, expires.")
    var json = false

    private static let sessionPaths = [
        "/*/sessions/**", "/*/users/**", "/*/conversations/**", "/*/media/**", "/*/image/**", "/*/knocking/**",
        "/*/legs/**", "/*/push/**", "/*/devices/**", "/*/applications/**",
    ]

    func validate() throws {
        guard (30...86_400).contains(ttl) else { throw ValidationError("--ttl takes 30 to 86400 seconds") }
        if let acl, acl.hasPrefix("{"), (try? JSON(parsing: acl.utf8))?["paths"]?.object == nil {
            throw ValidationError(
                "--acl takes paths with commas, or JSON such as {\"paths\": {\"/*/sessions/**\": {}}}")
        }
    }

    func run() throws {
        let configuration = try options.load()
        // One that was made by API is known by its id alone.
        let unlisted = UUID(uuidString: application).map { ApplicationID($0.uuidString.lowercased()) }
        guard let id = configuration.applicationID(named: application) ?? unlisted else {
            return try Self.fail("no application named \(application) in \(options.file ?? "the defaults")")
        }
        let path =
            configuration.privateKeyFile(of: id) ?? configuration.store.path + "/keys/\(id).private.pem"
        guard let pem = FileManager.default.contents(atPath: path) else {
            return try Self.fail("no private key at \(path): start the box once, it makes the key pair")
        }
        let now = SystemTimeSource().wallNow
        let token: String
        do {
            token = try TokenSigner.make(
                application: id, privateKeyPEM: String(decoding: pem, as: UTF8.self), sub: sub, acl: try claim(),
                ttlSeconds: ttl, now: now)
        } catch {
            return try Self.fail("\(path) cannot sign: \(error)")
        }
        guard json else { return Terminal.line(token) }
        Terminal.json([
            "token": .string(token), "application_id": .string(id.text), "sub": JSON(sub),
            "expires": .string(WallTime(milliseconds: now.milliseconds + Int64(ttl) * 1000).iso8601),
        ])
    }

    private func claim() throws -> JSON? {
        guard let acl else {
            // A bare nil would be the JSON literal.
            if sub == nil { return JSON?.none }
            return Self.paths(Self.sessionPaths)
        }
        if acl.hasPrefix("{") { return try JSON(parsing: acl.utf8) }
        return Self.paths(acl.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) })
    }

    private static func paths(_ paths: [String]) -> JSON {
        ["paths": .object(JSONObject(paths.map { ($0, [:]) }))]
    }

    private static func fail(_ reason: String) throws {
        Terminal.complain(reason)
        throw ExitCode.failure
    }
}
