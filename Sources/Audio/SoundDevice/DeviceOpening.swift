/// Opens the first PCM of a list that works.
///
/// - Threading: blocks while ALSA opens; control, or the device's thread after a loss.
enum DeviceOpening {
    enum Outcome {
        case opened(PCMStream, name: String)
        /// `reason` says why: asked for, or each PCM tried with its fault.
        case silent(reason: String)
    }

    static func openFirst(_ names: [String], _ direction: SoundDirection, _ configuration: SoundDeviceConfiguration)
        -> Outcome
    {
        var faults: [String] = []
        for name in names {
            if name == PCMName.none {
                return .silent(reason: faults.isEmpty ? "configured as none" : faults.joined(separator: "; "))
            }
            switch PCMStream.open(PCMName.alsaName(name), direction, configuration: configuration) {
            case .success(let stream): return .opened(stream, name: name)
            case .failure(let failure): faults.append("\(name): \(failure.reason)")
            }
        }
        return .silent(reason: faults.isEmpty ? "no PCM configured" : faults.joined(separator: "; "))
    }
}
