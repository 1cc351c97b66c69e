/// Spelling rules of the Prometheus text format.
enum PrometheusText {
    /// A metric name: every character outside `[a-zA-Z0-9_:]` becomes `_`, a leading digit is preceded by `_`.
    static func name(_ text: String) -> String { clean(text, colon: true) }

    /// `{a="b",c="d"}`, empty without labels; order as given by the user of the series, sorted by name.
    static func labels(_ dimensions: [(String, String)]) -> String {
        if dimensions.isEmpty { return "" }
        let pairs = dimensions.sorted { $0.0 < $1.0 }.map { "\(clean($0.0, colon: false))=\"\(escape($0.1))\"" }
        return "{\(pairs.joined(separator: ","))}"
    }

    /// The labels of a histogram bucket: `le` after the others.
    static func labels(_ labels: String, bound: String) -> String {
        labels.isEmpty ? "{le=\"\(bound)\"}" : "\(labels.dropLast()),le=\"\(bound)\"}"
    }

    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if let whole = Int64(exactly: value) { return String(whole) }
        return value.description
    }

    private static func clean(_ text: String, colon: Bool) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            let isDigit = ("0"..."9").contains(scalar)
            let isLetter = ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
            if isDigit, out.isEmpty { out.append("_") }
            let isFine = isDigit || isLetter || scalar == "_" || (colon && scalar == ":")
            out.unicodeScalars.append(isFine ? scalar : "_")
        }
        return out.isEmpty ? "_" : out
    }

    private static func escape(_ text: String) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": out += "\\\\"
            case "\"": out += "\\\""
            case "\n": out += "\\n"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }
}
