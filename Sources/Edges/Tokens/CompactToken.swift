import WireJSON

/// The three parts of a compact JWS (RFC 7515 §7.1), taken apart but not yet believed.
struct CompactToken {
    /// Longer ones are refused unread.
    static let maximumBytes = 16_384

    let header: JSONObject
    let claims: JSONObject
    let signature: [UInt8]
    /// What the signature is over: the first two parts as they were sent.
    let signed: [UInt8]

    init(_ text: String) throws(TokenFault) {
        guard text.utf8.count <= Self.maximumBytes else { throw TokenFault(.malformed, "too long") }
        let bytes = Array(text.utf8)
        let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3 else { throw TokenFault(.malformed, "must have three parts") }
        header = try Self.object(parts[0], "header")
        claims = try Self.object(parts[1], "claims")
        guard let signature = Base64URL.decode(parts[2]) else {
            throw TokenFault(.malformed, "signature is not base64url")
        }
        self.signature = signature
        signed = Array(bytes[..<parts[1].endIndex])
    }

    private static func object(_ part: ArraySlice<UInt8>, _ name: String) throws(TokenFault) -> JSONObject {
        guard let bytes = Base64URL.decode(part) else { throw TokenFault(.malformed, "\(name) is not base64url") }
        do {
            if case .object(let object) = try JSON(parsing: bytes) { return object }
        } catch {
            throw TokenFault(.malformed, "\(name): \(error)")
        }
        throw TokenFault(.malformed, "\(name) is not an object")
    }

    /// `header.claims` as bytes, ready to be signed.
    static func unsigned(header: String, claims: JSON) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(512)
        Base64URL.append(Array(header.utf8), to: &text)
        text.append(UInt8(ascii: "."))
        Base64URL.append(claims.bytes, to: &text)
        return text
    }

    static func text(_ unsigned: [UInt8], signature: [UInt8]) -> String {
        var text = unsigned
        text.append(UInt8(ascii: "."))
        Base64URL.append(signature, to: &text)
        return String(decoding: text, as: UTF8.self)
    }
}
