extension SessionDescription {
    /// Bounds that no description of a call comes near.
    private enum Bound {
        static let bytes = 65_536
        static let lines = 2000
        static let sections = 64
        static let formats = 64
    }

    /// Reads a description.
    /// - Throws: `SDPFault` with the line, when a line that matters is malformed or a bound is passed (64 kB, 2 000
    ///   lines, 64 media sections, 64 formats each).
    public init(parsing text: String) throws(SDPFault) {
        guard text.utf8.count <= Bound.bytes else { throw SDPFault(line: 0, "longer than \(Bound.bytes) bytes") }
        var origin: Origin?
        var hasVersion = false
        var mediaLines: [Int] = []
        self.init(origin: Origin(sessionID: "", version: "", address: ""))
        // Characters of Swift hold CR LF as one, so the text is cut as bytes.
        let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        guard lines.count <= Bound.lines else { throw SDPFault(line: 0, "more than \(Bound.lines) lines") }
        for (index, bytes) in lines.enumerated() {
            let number = index + 1
            let content = bytes.last == UInt8(ascii: "\r") ? bytes.dropLast() : bytes
            if content.isEmpty { continue }
            guard content.count >= 2, let type = content.first, type >= UInt8(ascii: "a"), type <= UInt8(ascii: "z"),
                content.dropFirst().first == UInt8(ascii: "=")
            else { throw SDPFault(line: number, "not of the form <letter>=<value>") }
            guard !content.contains(0), !content.contains(UInt8(ascii: "\r")) else {
                throw SDPFault(line: number, "holds a control character")
            }
            let value = Substring(content.dropFirst(2))
            if !hasVersion {
                guard type == UInt8(ascii: "v"), value == "0" else {
                    throw SDPFault(line: number, "v=0 must come first")
                }
                hasVersion = true
                continue
            }
            switch type {
            case UInt8(ascii: "v"):
                throw SDPFault(line: number, "a second v=")
            case UInt8(ascii: "o"):
                guard origin == nil, media.isEmpty else { throw SDPFault(line: number, "a second o=") }
                origin = try Self.parseOrigin(value, line: number)
            case UInt8(ascii: "s"):
                if media.isEmpty, !value.isEmpty { name = String(value) }
            case UInt8(ascii: "c"):
                let parsed = try Self.parseConnection(value, line: number)
                if media.isEmpty { connection = parsed } else { media[media.count - 1].connection = parsed }
            case UInt8(ascii: "m"):
                guard media.count < Bound.sections else { throw SDPFault(line: number, "too many media sections") }
                media.append(try Self.parseMedia(value, line: number))
                mediaLines.append(number)
            case UInt8(ascii: "a"):
                let attribute = Self.parseAttribute(value)
                guard !attribute.name.isEmpty else { throw SDPFault(line: number, "an attribute without a name") }
                if media.isEmpty {
                    attributes.append(attribute)
                } else {
                    media[media.count - 1].attributes.append(attribute)
                }
            default:
                continue  // i=, u=, e=, p=, b=, t=, r=, z=, k= change nothing here
            }
        }
        guard hasVersion else { throw SDPFault(line: 0, "empty") }
        guard let origin else { throw SDPFault(line: 0, "no o= line") }
        self.origin = origin
        guard connection == nil else { return }
        for (section, line) in zip(media, mediaLines) where section.port != 0 && section.connection == nil {
            throw SDPFault(line: line, "no c= for this section")
        }
    }

    private static func parseOrigin(_ value: Substring, line: Int) throws(SDPFault) -> Origin {
        let fields = value.split(separator: " ")
        guard fields.count == 6, fields[3] == "IN" else {
            throw SDPFault(line: line, "o= needs user, id, version, IN, address type and address")
        }
        return Origin(
            user: String(fields[0]), sessionID: String(fields[1]), version: String(fields[2]),
            address: String(fields[5]))
    }

    private static func parseConnection(_ value: Substring, line: Int) throws(SDPFault) -> Connection {
        let fields = value.split(separator: " ")
        guard fields.count == 3, fields[0] == "IN", fields[1] == "IP4" || fields[1] == "IP6" else {
            throw SDPFault(line: line, "c= needs IN, IP4 or IP6, and an address")
        }
        let address = fields[2].prefix { $0 != "/" }
        guard let family = AddressText.family(of: address), (family == .ip4) == (fields[1] == "IP4") else {
            throw SDPFault(line: line, "c= holds no numeric \(fields[1]) address")
        }
        return Connection(address: String(address))
    }

    private static func parseMedia(_ value: Substring, line: Int) throws(SDPFault) -> MediaSection {
        let fields = value.split(separator: " ")
        guard fields.count >= 4 else { throw SDPFault(line: line, "m= needs media, port, profile and formats") }
        guard fields.count - 3 <= Bound.formats else { throw SDPFault(line: line, "too many formats") }
        // port/count asks for several ports: the first is taken.
        guard let port = DecimalText.value(fields[1].prefix { $0 != "/" }, maximum: 65_535) else {
            throw SDPFault(line: line, "m= port is no number from 0 to 65535")
        }
        return MediaSection(
            kind: String(fields[0]), port: UInt16(port), profile: String(fields[2]),
            formats: fields[3...].map { String($0) })
    }

    private static func parseAttribute(_ value: Substring) -> Attribute {
        guard let colon = value.utf8.firstIndex(of: UInt8(ascii: ":")) else { return Attribute(String(value)) }
        return Attribute(String(value[..<colon]), String(value[value.utf8.index(after: colon)...]))
    }
}
