import CallModel
import ConfigFile
import Foundation
import Tokens
import WireJSON

/// Credentials and key pairs that were not configured: made on first use and kept in the state folder.
///
/// - Reference: contract README 21; design §5 ("private/public key pair, made on first use if absent").
struct Secrets {
    struct Fault: Error, CustomStringConvertible {
        let description: String
    }

    private let folder: String

    /// - Parameter stateFolder: `store.path`; secrets live in its `keys` folder, mode 0700.
    init(stateFolder: String) throws(Fault) {
        folder = stateFolder + "/keys"
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw Fault(description: "\(folder) cannot be made: \(error.localizedDescription)")
        }
    }

    func account(_ section: AccountSection) throws(Fault) -> Account {
        let path = folder + "/account.json"
        var stored = JSONObject()
        if let data = FileManager.default.contents(atPath: path) {
            do throws(JSONSyntaxError) {
                stored = try JSON(parsing: data).object ?? JSONObject()
            } catch {
                throw Fault(description: "\(path): \(error); repair or remove it")
            }
        }
        let before = stored
        func value(_ key: String, _ configured: String?, _ make: () -> String) -> String {
            if let configured { return configured }
            if let known = stored[key]?.string { return known }
            let made = make()
            stored[key] = .string(made)
            return made
        }
        let account = Account(
            apiKey: value("api_key", section.apiKey) { String(UUIDText.random().prefix(8)) },
            apiSecret: value("api_secret", section.apiSecret) { Self.secret() },
            signatureSecret: value("signature_secret", section.signatureSecret) { Self.secret() })
        if stored != before { try write(JSON.object(stored).bytes, to: path) }
        return account
    }

    /// Gives the Application a key pair when the configuration names none.
    func complete(_ application: Application) throws(Fault) -> Application {
        if application.publicKeyPEM != nil { return application }
        var complete = application
        let privatePath = folder + "/\(application.id).private.pem"
        let publicPath = folder + "/\(application.id).public.pem"
        if let privateKey = text(at: privatePath), let publicKey = text(at: publicPath) {
            complete.privateKeyPEM = privateKey
            complete.publicKeyPEM = publicKey
            return complete
        }
        let pair = try makeKeys(of: application.id)
        complete.privateKeyPEM = pair.privatePEM
        complete.publicKeyPEM = pair.publicPEM
        return complete
    }

    /// Makes a key pair and keeps it.
    func makeKeys(of application: ApplicationID) throws(Fault) -> (privatePEM: String, publicPEM: String) {
        do {
            let pair = try RSAKeyPair.generate()
            try write(Array(pair.privatePEM.utf8), to: folder + "/\(application).private.pem")
            try write(Array(pair.publicPEM.utf8), to: folder + "/\(application).public.pem")
            return pair
        } catch {
            throw Fault(description: "key pair of application \(application): \(error)")
        }
    }

    /// Takes the key pair of a deleted application away; one that is not there is as good as removed.
    func removeKeys(of application: ApplicationID) {
        for name in ["private", "public"] {
            try? FileManager.default.removeItem(atPath: folder + "/\(application).\(name).pem")
        }
    }

    private static func secret() -> String {
        UUIDText.canonical(UUIDText.random()) + UUIDText.canonical(UUIDText.random())
    }

    private func text(at path: String) -> String? {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    }

    private func write(_ bytes: [UInt8], to path: String) throws(Fault) {
        guard
            FileManager.default.createFile(
                atPath: path, contents: Data(bytes), attributes: [.posixPermissions: 0o600])
        else { throw Fault(description: "\(path) cannot be written") }
    }
}
