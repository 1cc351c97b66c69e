import CallModel
import Foundation

/// Account key and secret of a request (RFC 7617; auth §4).
struct BasicCredentials {
    private let key: String
    private let secret: String

    /// Nil when the header holds no readable credentials.
    init?(_ header: String?) {
        guard let header, header.utf8.count <= 1024 else { return nil }
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "basic",
            let data = Data(base64Encoded: String(parts[1].drop { $0 == " " })),
            let text = String(validating: data, as: UTF8.self), let colon = text.firstIndex(of: ":")
        else { return nil }
        key = String(text[..<colon])
        secret = String(text[text.index(after: colon)...])
    }

    /// Compared in a time that tells nothing of where they differ.
    func fit(_ account: Account) -> Bool {
        let isKey = Self.same(key, account.apiKey)
        let isSecret = Self.same(secret, account.apiSecret)
        return isKey && isSecret && !account.apiSecret.isEmpty
    }

    private static func same(_ a: String, _ b: String) -> Bool {
        let (a, b) = (Array(a.utf8), Array(b.utf8))
        var difference = a.count ^ b.count
        for index in 0..<a.count { difference |= Int(a[index] ^ (b.isEmpty ? 0 : b[index % b.count])) }
        return difference == 0
    }
}
