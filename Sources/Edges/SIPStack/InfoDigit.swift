/// A key press carried by SIP INFO.
///
/// - Reference: `application/dtmf-relay` (`Signal=5`, `Duration=160`, milliseconds) and `application/dtmf` (the key
///   alone), as gateways send them; neither is an RFC.
struct InfoDigit: Hashable {
    static let defaultDurationMilliseconds = 250
    var digit: Character
    /// 1…10 000.
    var durationMilliseconds: Int

    /// Nil when the body names no key.
    init?(contentType: String, body: String) {
        guard body.utf8.count <= 512 else { return nil }
        durationMilliseconds = Self.defaultDurationMilliseconds
        if contentType.lowercased() == "application/dtmf" {
            guard let key = Self.key(body) else { return nil }
            digit = key
            return
        }
        var found: Character?
        for line in body.split(whereSeparator: \.isNewline) {
            let pair = line.split(separator: "=", maxSplits: 1)
            guard pair.count == 2 else { continue }
            let value = String(pair[1]).trimmed
            switch String(pair[0]).trimmed.lowercased() {
            case "signal": found = Self.key(value)
            case "duration":
                if let duration = Int(value), (1...10_000).contains(duration) { durationMilliseconds = duration }
            default: break
            }
        }
        guard let found else { return nil }
        digit = found
    }

    /// `5`, `*`, `#`, `A`…`D`; event numbers 10 and 11 are `*` and `#` (RFC 4733 §3.2).
    private static func key(_ text: String) -> Character? {
        let text = text.trimmed.uppercased()
        switch text {
        case "10": return "*"
        case "11": return "#"
        case "12": return "A"
        case "13": return "B"
        case "14": return "C"
        case "15": return "D"
        default:
            guard text.count == 1, let key = text.first, "0123456789*#ABCD".contains(key) else { return nil }
            return key
        }
    }
}

extension String {
    fileprivate var trimmed: String {
        var rest = self[...]
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return String(rest)
    }
}
