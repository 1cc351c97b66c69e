import EdgeProtocols

/// Text of headers: what is read from messages made readable, what is put into them made harmless.
enum HeaderText {
    /// A display name without its quotes and escapes; nil when nothing is left.
    static func displayName(_ text: String) -> String? {
        var name = text[...]
        while name.first == " " { name.removeFirst() }
        while name.last == " " { name.removeLast() }
        guard name.count >= 2, name.first == "\"", name.last == "\"" else { return name.isEmpty ? nil : String(name) }
        var plain = ""
        var escaped = false
        for character in name.dropFirst().dropLast() {
            if character == "\\", !escaped {
                escaped = true
            } else {
                plain.append(character)
                escaped = false
            }
        }
        return plain.isEmpty ? nil : plain
    }

    /// `"Name" <sip:user@host>`; an IPv6 host with or without brackets.
    static func address(displayName: String?, user: String?, host: String) -> String {
        let bare = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        let uri = "<" + SIPURI(user: user.map(SIPURI.escapedUser), host: bare).description + ">"
        guard let displayName, !displayName.isEmpty else { return uri }
        var quoted = "\""
        for scalar in displayName.unicodeScalars where scalar.value >= 0x20 && scalar.value != 0x7F {
            if scalar == "\"" || scalar == "\\" { quoted.append("\\") }
            quoted.unicodeScalars.append(scalar)
        }
        return quoted + "\" " + uri
    }

    /// User part (or telephone number) of the first address in a header such as P-Asserted-Identity (RFC 3325 §9.1).
    static func addressUser(_ header: String) -> String? {
        var text = header[...]
        if let open = text.firstIndex(of: "<"), let close = text[open...].firstIndex(of: ">") {
            text = text[text.index(after: open)..<close]
        }
        guard let colon = text.firstIndex(of: ":") else { return nil }
        let rest = text[text.index(after: colon)...]
        switch text[..<colon].lowercased() {
        case "tel":
            let number = SIPURI.plainUser(rest)
            return number.isEmpty ? nil : number
        case "sip", "sips":
            guard let at = rest.firstIndex(of: "@") else { return nil }
            let user = SIPURI.plainUser(rest[..<at])
            return user.isEmpty ? nil : user
        default: return nil
        }
    }

    /// A reason phrase that stays on its line.
    static func phrase(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F }))
    }

    /// Header lines for a request; nil when a name is no token or a value could end its line (header injection).
    static func lines(_ headers: [SIPHeader]) -> String? {
        var text = ""
        for header in headers {
            guard !header.name.isEmpty,
                header.name.utf8.allSatisfy({ $0.isAlphanumeric || "-.!%*_+`'~".utf8.contains($0) }),
                header.value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 })
            else { return nil }
            text += header.name + ": " + header.value + "\r\n"
        }
        return text
    }
}
