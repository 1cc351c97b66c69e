func quoted(_ text: String) -> String { "\"\(text.prefix(80))\"" }

/// Quotes text that YAML would read as something else.
func quotedWhenNeeded(_ text: String) -> String {
    let isPlain =
        !text.isEmpty && text.first != " " && text.last != " "
        && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_./:@+ ;=…|".contains($0)) }
        && !text.contains(": ") && !text.contains(" #") && !":@|=".contains(text.first ?? " ")
        && !(text.hasPrefix("-") && Int(text) == nil)
        && text.last != ":"
        && !["~", "null"].contains(text)
    if isPlain { return text }
    let escaped = text.map { character in
        switch character {
        case "\\": "\\\\"
        case "\"": "\\\""
        case "\n": "\\n"
        case "\t": "\\t"
        default: String(character)
        }
    }
    return "\"\(escaped.joined())\""
}
