import EdgeProtocols

/// Checks SSML and rewrites it into what espeak-ng may see.
///
/// Strict about well-formedness (the Application is told, nothing is spoken), tolerant about meaning: an unknown tag
/// is dropped and its text spoken, an attribute out of its range is dropped. espeak-ng itself reads any text as SSML
/// and opens files named by `voice` and `audio`, so only known tags and values are passed on.
///
/// - Reference: contract/ncco.md §8; W3C Extensible Markup Language 1.0 for the syntax.
/// - Threading: a value; allocates.
/// - Fails with: `PromptFault` with the place of the fault, a character offset.
struct SSML {
    private static let depthLimit = 32

    private let text: [Unicode.Scalar]
    private var position = 0
    private var output = ""
    /// Names of the open tags, and what closes them in the output.
    private var open: [(name: String, closing: String)] = []
    /// Depth at which a `sub` began: its text is replaced by the alias.
    private var silentDepth: Int?
    private let language: (String) -> String?

    /// - Parameter language: the espeak-ng code of a BCP-47 language, nil when there is no voice.
    static func cleaned(_ text: String, language: @escaping (String) -> String?) throws(PromptFault) -> String {
        var reader = SSML(text: text, language: language)
        try reader.document()
        return reader.output
    }

    private init(text: String, language: @escaping (String) -> String?) {
        self.text = Array(text.unicodeScalars)
        self.language = language
    }

    // MARK: Syntax

    private mutating func document() throws(PromptFault) {
        try misc()
        guard peek == "<" else { throw fault("expected <speak>") }
        try element(isRoot: true)
        while !open.isEmpty {
            guard let next = peek else { throw fault("</\(open[open.count - 1].name)> is missing") }
            if next != "<" {
                try characters()
            } else if skip("</") {
                try closing()
            } else if skip("<!--") {
                try skipThrough("-->", what: "comment")
            } else if skip("<![CDATA[") {
                try characterData()
            } else {
                try element(isRoot: false)
            }
        }
        try misc()
        guard position == text.count else { throw fault("text after </speak>") }
    }

    /// White space, comments and the XML declaration around the root.
    private mutating func misc() throws(PromptFault) {
        while true {
            skipSpace()
            if skip("<!--") {
                try skipThrough("-->", what: "comment")
            } else if skip("<?") {
                try skipThrough("?>", what: "declaration")
            } else {
                return
            }
        }
    }

    private mutating func element(isRoot: Bool) throws(PromptFault) {
        position += 1
        let tag = try name()
        if isRoot, tag != "speak" { throw fault("the document is <\(tag)>, not <speak>") }
        guard open.count < Self.depthLimit else { throw fault("more than \(Self.depthLimit) open tags") }
        var attributes: [String: String] = [:]
        while true {
            let spaced = skipSpace()
            if skip("/>") {
                opened(tag, attributes)
                closed()
                return
            }
            if skip(">") {
                opened(tag, attributes)
                return
            }
            guard spaced else { throw fault("blank missing in <\(tag)>") }
            let key = try name()
            skipSpace()
            guard skip("=") else { throw fault("= missing after \(key)") }
            skipSpace()
            guard attributes.updateValue(try quoted(), forKey: key) == nil else { throw fault("\(key) given twice") }
        }
    }

    private mutating func closing() throws(PromptFault) {
        let tag = try name()
        skipSpace()
        guard skip(">") else { throw fault("> missing in </\(tag)") }
        guard open.last?.name == tag else { throw fault("</\(tag)> does not close <\(open.last?.name ?? "")>") }
        closed()
    }

    private mutating func characters() throws(PromptFault) {
        while let next = peek, next != "<" {
            say(try character())
        }
    }

    private mutating func characterData() throws(PromptFault) {
        while !skip("]]>") {
            guard let next = peek else { throw fault("CDATA is not closed") }
            position += 1
            say(next)
        }
    }

    private mutating func quoted() throws(PromptFault) -> String {
        guard let quote = peek, quote == "\"" || quote == "'" else { throw fault("quote missing") }
        position += 1
        var value = ""
        while let next = peek, next != quote {
            if next == "<" { throw fault("< in an attribute") }
            value.unicodeScalars.append(try character())
        }
        guard peek != nil else { throw fault("attribute is not closed") }
        position += 1
        return value
    }

    /// One character, references resolved.
    private mutating func character() throws(PromptFault) -> Unicode.Scalar {
        guard let next = peek else { throw fault("text ends early") }
        position += 1
        guard next == "&" else {
            guard next.value >= 32 || next == "\t" || next == "\n" || next == "\r" else {
                throw fault("control character \(next.value)")
            }
            return next
        }
        let start = position
        while let letter = peek, letter != ";", position - start < 12 { position += 1 }
        var reference = ""
        reference.unicodeScalars.append(contentsOf: text[start..<position])
        guard skip(";"), let scalar = Self.scalar(of: reference) else {
            position = start
            throw fault("& that is no reference (write &amp;)")
        }
        return scalar
    }

    private static func scalar(of reference: String) -> Unicode.Scalar? {
        switch reference {
        case "amp": return "&"
        case "lt": return "<"
        case "gt": return ">"
        case "quot": return "\""
        case "apos": return "'"
        default: break
        }
        guard reference.hasPrefix("#") else { return nil }
        let digits = reference.dropFirst()
        let value = digits.hasPrefix("x") ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
        guard let value, value >= 32 || value == 9 || value == 10 || value == 13 else { return nil }
        return Unicode.Scalar(value)
    }

    private mutating func name() throws(PromptFault) -> String {
        let start = position
        while let next = peek,
            next.properties.isAlphabetic || next == "_" || next == ":"
                || (position > start && (next.properties.numericType != nil || next == "-" || next == "."))
        {
            position += 1
        }
        guard position > start else { throw fault("name missing") }
        var name = ""
        name.unicodeScalars.append(contentsOf: text[start..<position])
        return name
    }

    private var peek: Unicode.Scalar? { position < text.count ? text[position] : nil }

    private mutating func skip(_ word: String) -> Bool {
        guard text[position...].starts(with: word.unicodeScalars) else { return false }
        position += word.unicodeScalars.count
        return true
    }

    @discardableResult private mutating func skipSpace() -> Bool {
        let start = position
        while let next = peek, next == " " || next == "\t" || next == "\n" || next == "\r" { position += 1 }
        return position > start
    }

    private mutating func skipThrough(_ end: String, what: String) throws(PromptFault) {
        while !skip(end) {
            guard peek != nil else { throw fault("\(what) is not closed") }
            position += 1
        }
    }

    private func fault(_ reason: String) -> PromptFault {
        PromptFault("malformed SSML at character \(position): \(reason)")
    }

    // MARK: Meaning

    private mutating func opened(_ tag: String, _ attributes: [String: String]) {
        var closing = ""
        if silentDepth == nil {
            if tag == "sub", let alias = attributes["alias"] {
                for scalar in alias.unicodeScalars { say(scalar) }
                silentDepth = open.count
            } else if let (opening, end) = SSMLTag.passed(tag, attributes, language: language) {
                output += opening
                closing = end
            }
        }
        open.append((tag, closing))
    }

    private mutating func closed() {
        let (_, closing) = open.removeLast()
        if silentDepth == open.count { silentDepth = nil }
        if silentDepth == nil { output += closing }
    }

    private mutating func say(_ scalar: Unicode.Scalar) {
        guard silentDepth == nil else { return }
        switch scalar {
        case "&": output += "&amp;"
        case "<": output += "&lt;"
        case ">": output += "&gt;"
        default: output.unicodeScalars.append(scalar)
        }
    }
}
