import WireJSON

/// Fields of a webhook as the query of a GET (voice-webhooks §2 and §4).
enum QueryEncoding {
    /// `url` with `fields` appended: everything but unreserved characters is percent-encoded (RFC 3986 §2.3; `+` is
    /// `%2B`), nested values are JSON text, null is left out. A fragment is dropped: it is never sent.
    static func url(_ url: String, _ fields: JSONObject) -> String {
        var text = String(url.prefix { $0 != "#" })
        var separator = text.contains("?") ? (text.hasSuffix("?") || text.hasSuffix("&") ? "" : "&") : "?"
        for (key, value) in fields.members {
            guard let plain = plainText(value) else { continue }
            text += separator + encode(key) + "=" + encode(plain)
            separator = "&"
        }
        return text
    }

    private static func plainText(_ value: JSON) -> String? {
        switch value {
        case .null: nil
        case .string(let text): text
        case .bool, .int, .double, .array, .object: value.text
        }
    }

    private static func encode(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count + 16)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                bytes.append(byte)
            default:
                bytes.append(UInt8(ascii: "%"))
                bytes.append(digits[Int(byte >> 4)])
                bytes.append(digits[Int(byte & 15)])
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
