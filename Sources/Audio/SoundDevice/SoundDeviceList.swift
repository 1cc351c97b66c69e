import CALSA
import Glibc

/// A PCM that a configuration may name.
public struct SoundDeviceInfo: Hashable, Sendable {
    /// `card:ID` for a card, else the name of the PCM.
    public var name: String
    public var description: String
    public var directions: Set<SoundDirection>
    /// What `device.mixer` may name of a card; empty for other PCMs.
    public var controls: [String] = []
}

extension SoundDevice {
    /// The cards of this box and the PCMs that its ALSA configuration names. Blocks while ALSA reads both.
    public static func list() -> [SoundDeviceInfo] { cards() + hints() }

    private static func cards() -> [SoundDeviceInfo] {
        var cards: [SoundDeviceInfo] = []
        var card = swh_sound_card_after(-1)
        while card >= 0 {
            var description = swh_sound_card()
            if unsafe swh_sound_card_describe(card, &description) == 0 {
                var directions: Set<SoundDirection> = []
                if description.has_playback != 0 { directions.insert(.playback) }
                if description.has_capture != 0 { directions.insert(.capture) }
                cards.append(
                    SoundDeviceInfo(
                        name: PCMName.card(unsafe text(&description.id)),
                        description: unsafe text(&description.name), directions: directions,
                        controls: CardMixer.controls(of: "hw:\(card)")))
            }
            card = swh_sound_card_after(card)
        }
        return cards
    }

    private static func hints() -> [SoundDeviceInfo] {
        guard let hints = unsafe swh_sound_hints() else { return [] }
        defer { unsafe swh_sound_hints_free(hints) }
        var found: [SoundDeviceInfo] = []
        var index = 0
        while let hint = unsafe hints[index] {
            index += 1
            guard let name = unsafe text(of: hint, "NAME"), name != "null" else { continue }
            let directions: Set<SoundDirection> =
                switch unsafe text(of: hint, "IOID") {
                case "Input": [.capture]
                case "Output": [.playback]
                default: [.playback, .capture]
                }
            let description = unsafe text(of: hint, "DESC") ?? ""
            found.append(
                SoundDeviceInfo(
                    name: name, description: description.replacing("\n", with: ", "), directions: directions))
        }
        return found
    }

    @unsafe private static func text(of hint: UnsafeRawPointer, _ field: String) -> String? {
        guard let characters = unsafe swh_sound_hint_text(hint, field) else { return nil }
        defer { unsafe free(characters) }
        return unsafe String(cString: characters)
    }

    /// The text of a fixed array of C characters.
    @unsafe private static func text<Characters>(_ characters: inout Characters) -> String {
        unsafe withUnsafeBytes(of: &characters) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}
