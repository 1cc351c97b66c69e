/// Names of PCMs that survive a reboot.
///
/// - Reference: ALSA numbers cards in the order the kernel finds them; a card's id (`PCH`, `Device`) stays, and a udev
///   rule can set it.
enum PCMName {
    static let none = "none"

    /// What ALSA is asked for: `card:PCH` and `card:PCH,1` (device 1) become `plughw:CARD=PCH[,DEV=1]`; any other name
    /// is ALSA's own.
    static func alsaName(_ name: String) -> String {
        guard name.hasPrefix("card:") else { return name }
        let parts = name.dropFirst(5).split(separator: ",", maxSplits: 1)
        guard let id = parts.first else { return name }
        return parts.count == 2 ? "plughw:CARD=\(id),DEV=\(parts[1])" : "plughw:CARD=\(id)"
    }

    /// The stable name of a card.
    static func card(_ id: String) -> String { "card:\(id)" }
}
