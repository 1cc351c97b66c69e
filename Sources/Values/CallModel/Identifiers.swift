public import MediaTime

/// Prefixed or bare identifiers as the contract shows them (conversation-api §3). Opaque to readers.
public protocol Identifier: Hashable, Sendable, CustomStringConvertible {
    var text: String { get }
    init(_ text: String)
}

extension Identifier {
    public var description: String { text }
}

/// `CON-` and a lower-case UUID.
public struct ConversationID: Identifier {
    public let text: String
    public init(_ text: String) { self.text = text }
    public static func make() -> Self { Self("CON-" + UUIDText.ordered()) }
}

/// `MEM-` and a lower-case UUID.
public struct MemberID: Identifier {
    public let text: String
    public init(_ text: String) { self.text = text }
    public static func make() -> Self { Self("MEM-" + UUIDText.ordered()) }
}

/// `USR-` and a lower-case UUID.
public struct UserID: Identifier {
    public let text: String
    public init(_ text: String) { self.text = text }
    public static func make() -> Self { Self("USR-" + UUIDText.random()) }
}

/// The bare UUID that is leg id, voice call `uuid`, `rtc_id` and `channel.id` at once.
public struct LegID: Identifier {
    public let text: String
    public init(_ text: String) { self.text = text }
    public static func make() -> Self { Self(UUIDText.ordered()) }
}

/// `knocker:` and a UUID: an incoming leg that has no Member yet.
public struct KnockerID: Identifier {
    public let text: String
    public init(_ text: String) { self.text = text }
    public static func make() -> Self { Self("knocker:" + UUIDText.random()) }
}

/// The UUID of an Application (no prefix).
public struct ApplicationID: Identifier {
    public let text: String
    public init(_ text: String) { self.text = text }
}

/// Our own handle of a prompt, tone or message being played: a UUID, shown as `play_id` and `say_id`.
public struct PlayID: Identifier {
    public let text: String
    public init(_ text: String) { self.text = text }
    public static func make() -> Self { Self(UUIDText.random()) }
}

/// Our own handle of one SIP dialog (and its INVITE transaction), unique for the life of the process.
public struct DialogID: Hashable, Sendable {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// UUIDs as lower-case dashed text.
public enum UUIDText {
    /// Version 7 (RFC 9562 §5.7): 48 bits of milliseconds since 1970, then 74 random bits. What is made together lies
    /// together in the store's indexes, so that a commit of many calls touches few pages.
    public static func ordered(at time: WallTime = SystemTimeSource().wallNow) -> String {
        var generator = SystemRandomNumberGenerator()
        let random: UInt64 = generator.next()
        let low: UInt64 = generator.next()
        return text(
            high: UInt64(bitPattern: time.milliseconds) << 16 | 0x7000 | random & 0x0FFF,
            low: (low & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000)
    }

    /// Version 4 (RFC 9562 §5.4): nothing but random bits; for what must not be guessed or tell its time.
    public static func random() -> String {
        var generator = SystemRandomNumberGenerator()
        let high: UInt64 = generator.next()
        let low: UInt64 = generator.next()
        return text(
            high: (high & 0xFFFF_FFFF_FFFF_0FFF) | 0x4000, low: (low & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000)
    }

    static func text(high: UInt64, low: UInt64) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(36)
        for index in 0..<32 {
            let word = index < 16 ? high : low
            let nibble = UInt8((word >> UInt64((15 - index % 16) * 4)) & 15)
            if index == 8 || index == 12 || index == 16 || index == 20 { text.append(UInt8(ascii: "-")) }
            text.append(nibble < 10 ? 48 + nibble : 87 + nibble)
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Lower-case and without dashes, so that two spellings of one id compare equal (voice-api §1).
    public static func canonical(_ text: String) -> String {
        String(text.lowercased().filter { $0 != "-" })
    }
}
