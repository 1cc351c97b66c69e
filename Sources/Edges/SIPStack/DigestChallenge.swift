import Crypto

/// One `Digest` challenge of a 401 or 407.
///
/// - Reference: RFC 7616, RFC 8760 (several challenges, the first one we can answer counts).
struct DigestChallenge: Hashable {
    enum Algorithm: String, Hashable {
        case md5 = "MD5"
        case sha256 = "SHA-256"
    }
    var realm: String
    var nonce: String
    var opaque: String?
    var algorithm: Algorithm
    /// `MD5-sess`, `SHA-256-sess`.
    var isSession: Bool
    /// qop `auth`; false: the form without qop of RFC 2069.
    var usesQualityOfProtection: Bool
    /// The nonce was too old, the password was right.
    var isStale: Bool

    /// Value of a WWW-Authenticate or Proxy-Authenticate header. Nil when it is no Digest we can answer.
    init?(_ header: String) {
        guard header.utf8.count <= 4096 else { return nil }
        let text = header.drop { $0 == " " }
        guard text.prefix(7).lowercased() == "digest " else { return nil }
        let fields = Self.parameters(text.dropFirst(7))
        guard let realm = fields["realm"], let nonce = fields["nonce"] else { return nil }
        self.realm = realm
        self.nonce = nonce
        opaque = fields["opaque"]
        isStale = fields["stale"]?.lowercased() == "true"
        var name = (fields["algorithm"] ?? "MD5").uppercased()
        isSession = name.hasSuffix("-SESS")
        if isSession { name.removeLast(5) }
        guard let algorithm = Algorithm(rawValue: name) else { return nil }
        self.algorithm = algorithm
        if let offered = fields["qop"] {
            let options = offered.lowercased().split(whereSeparator: { $0 == "," || $0 == " " })
            guard options.contains("auth") else { return nil }
            usesQualityOfProtection = true
        } else {
            usesQualityOfProtection = false
        }
    }

    /// Value of the Authorization header that answers this challenge.
    ///
    /// - Parameters:
    ///   - count: how often this nonce has been used, this time included.
    ///   - clientNonce: random text of our own.
    func answer(
        username: String, password: String, method: String, uri: String, count: UInt32, clientNonce: String
    ) -> String {
        let countText = String(UInt64(count) + 0x1_0000_0000, radix: 16).dropFirst()
        var secret = hash("\(username):\(realm):\(password)")
        if isSession { secret = hash("\(secret):\(nonce):\(clientNonce)") }
        let request = hash("\(method):\(uri)")
        let response =
            usesQualityOfProtection
            ? hash("\(secret):\(nonce):\(countText):\(clientNonce):auth:\(request)")
            : hash("\(secret):\(nonce):\(request)")
        var text = "Digest username=\(quoted(username)), realm=\(quoted(realm)), nonce=\(quoted(nonce)), "
        text +=
            "uri=\(quoted(uri)), response=\"\(response)\", algorithm=\(algorithm.rawValue)\(isSession ? "-sess" : "")"
        if usesQualityOfProtection { text += ", cnonce=\"\(clientNonce)\", qop=auth, nc=\(countText)" }
        if let opaque { text += ", opaque=\(quoted(opaque))" }
        return text
    }

    private func hash(_ text: String) -> String {
        switch algorithm {
        case .md5: hex(Insecure.MD5.hash(data: Array(text.utf8)))
        case .sha256: hex(SHA256.hash(data: Array(text.utf8)))
        }
    }

    private func hex(_ bytes: some Sequence<UInt8>) -> String {
        var text: [UInt8] = []
        for byte in bytes { text += [byte.highHexDigit, byte.lowHexDigit] }
        return String(decoding: text, as: UTF8.self).lowercased()
    }

    private func quoted(_ text: String) -> String {
        var result = "\""
        for character in text {
            if character == "\"" || character == "\\" { result.append("\\") }
            result.append(character)
        }
        return result + "\""
    }

    /// `name=value, name="va\"lue"`; names in lower case, the first of a name counts.
    private static func parameters(_ text: Substring) -> [String: String] {
        var fields: [String: String] = [:]
        var rest = text
        while fields.count < 32 {
            while let first = rest.first, first == " " || first == "," || first == "\t" { rest.removeFirst() }
            guard let equals = rest.firstIndex(of: "=") else { break }
            let name = rest[..<equals].filter { $0 != " " }.lowercased()
            rest = rest[rest.index(after: equals)...].drop { $0 == " " }
            var value = ""
            if rest.first == "\"" {
                rest.removeFirst()
                while let character = rest.popFirst(), character != "\"" {
                    if character == "\\", let escaped = rest.popFirst() {
                        value.append(escaped)
                    } else {
                        value.append(character)
                    }
                }
            } else {
                while let first = rest.first, first != ",", first != " " {
                    value.append(first)
                    rest.removeFirst()
                }
            }
            if fields[name] == nil { fields[name] = value }
        }
        return fields
    }
}
