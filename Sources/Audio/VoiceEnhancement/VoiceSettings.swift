/// Which parts of `VoiceProcessing` run.
public struct VoiceSettings: Hashable, Sendable {
    /// Takes what the loudspeaker played out of what the microphone heard; needless with a headset.
    public var cancelsEcho: Bool
    /// Takes out steady noise.
    public var suppressesNoise: Bool
    /// Brings the voice to a steady level and keeps peaks below full scale.
    public var controlsGain: Bool

    public init(cancelsEcho: Bool = true, suppressesNoise: Bool = true, controlsGain: Bool = true) {
        self.cancelsEcho = cancelsEcho
        self.suppressesNoise = suppressesNoise
        self.controlsGain = controlsGain
    }

    public var isOff: Bool { @_noLocks get { !cancelsEcho && !suppressesNoise && !controlsGain } }
}
