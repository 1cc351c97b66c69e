import CALSA

/// One control of a card's mixer and where it shall stand.
public struct MixerLevel: Hashable, Sendable {
    /// As `alsamixer` shows it: `Master`; `Mic,1` for the second of that name.
    public var control: String
    /// Of the control's range; nil: switched off.
    public var percent: Int?

    public init(control: String, percent: Int?) {
        self.control = control
        self.percent = percent
    }
}

/// The mixers of cards, set by name as alsa-lib's simple mixer has them.
///
/// - Threading: blocks while ALSA opens; control, or the device's thread after a return.
enum CardMixer {
    /// Sets each level on every mixer that has such a control.
    /// - Parameter mixers: control devices, `hw:0`.
    /// - Returns: one sentence for each level that could not be set; what no mixer has is told with what there is.
    static func set(_ levels: [MixerLevel], on mixers: [String]) -> [String] {
        if levels.isEmpty { return [] }
        var faults: [String] = []
        var found: Set<String> = []
        var names: [String] = []
        for mixer in mixers {
            var reason = [CChar](repeating: 0, count: 256)
            guard let handle = unsafe swh_mixer_open(mixer, &reason, reason.count) else {
                faults.append("\(mixer) has no mixer: \(PCMStream.text(reason))")
                continue
            }
            defer { unsafe swh_mixer_close(handle) }
            let controls = unsafe controls(of: handle)
            names += controls
            for level in levels {
                guard let number = controls.firstIndex(of: level.control) else { continue }
                found.insert(level.control)
                let status = unsafe swh_mixer_set(
                    handle, UInt32(number), Int32(level.percent ?? -1), level.percent == nil ? 0 : 1)
                if status < 0 { faults.append("\(mixer): \(level.control): \(Self.reason(Int(status), level))") }
            }
        }
        if names.isEmpty { return faults }
        for level in levels where !found.contains(level.control) {
            faults.append("no control '\(level.control)'; there are \(names.joined(separator: ", "))")
        }
        return faults
    }

    /// Sets what the card of one PCM has; the other direction's card may have the rest.
    static func set(_ levels: [MixerLevel], of stream: PCMStream, _ name: String) -> [String] {
        let mixer = stream.mixer(name)
        let controls = levels.isEmpty ? [] : controls(of: mixer)
        return set(levels.filter { controls.contains($0.control) }, on: [mixer])
    }

    /// The controls of a card's mixer; empty when it has none.
    static func controls(of mixer: String) -> [String] {
        var reason = [CChar](repeating: 0, count: 256)
        guard let handle = unsafe swh_mixer_open(mixer, &reason, reason.count) else { return [] }
        defer { unsafe swh_mixer_close(handle) }
        return unsafe controls(of: handle)
    }

    @unsafe private static func controls(of mixer: OpaquePointer) -> [String] {
        var names: [String] = []
        var name = [CChar](repeating: 0, count: 128)
        while unsafe swh_mixer_name(mixer, UInt32(names.count), &name, name.count) != 0 {
            names.append(PCMStream.text(name))
        }
        return names
    }

    private static func reason(_ status: Int, _ level: MixerLevel) -> String {
        if status != -Int(SWH_NO_SUCH_PART) { return PCMStream.errorText(status) }
        return level.percent == nil ? "it cannot be switched off" : "it has no volume, it is only on or off"
    }
}
