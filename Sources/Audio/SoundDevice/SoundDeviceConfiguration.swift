/// Which PCMs a device is made of.
public struct SoundDeviceConfiguration: Hashable, Sendable {
    /// Names in order of preference: an ALSA PCM, `card:ID` (a card by its id), or `none` (silent, paced by the clock).
    public var playback: [String]
    public var capture: [String]
    /// Microseconds, 2 500…40 000.
    public var periodMicroseconds: Int
    /// Periods queued for playback at most, 2…8: the playback delay lies between one less and this many.
    public var periods: Int
    /// Channels of the card, from 0, that carry the voice; empty: the first two.
    public var playbackChannels: [Int] = []
    /// Channels that are listened to; empty: all.
    public var captureChannels: [Int] = []

    /// Controls of the cards' mixers, set whenever a card is opened.
    public var mixer: [MixerLevel] = []

    public init(playback: [String], capture: [String], periodMicroseconds: Int = 10_000, periods: Int = 2) {
        self.playback = playback
        self.capture = capture
        self.periodMicroseconds = periodMicroseconds
        self.periods = periods
    }

    /// Microseconds, a setting out of range moved into it.
    var period: Int { min(40_000, max(2500, periodMicroseconds)) }
    /// Frames at 48 kHz.
    var periodFrames: Int { period * 48 / 1000 }
    var periodCount: Int { min(8, max(2, periods)) }
}

/// Playback or capture.
public enum SoundDirection: String, Hashable, Sendable, CaseIterable {
    case playback, capture
}
