import CLinux
public import Rings
import Synchronization

/// A microphone and a loudspeaker at 48 kHz, moved by one thread of its own between two rings and ALSA.
///
/// - Units: mono 16-bit frames at 48 kHz. The worker empties `captureRing` and fills `playbackRing` a step at a time and
///   keeps step by `pace`; what it does not give in time is played as silence. Both clocks of the card are estimated
///   from the driver's timestamps and each direction is resampled onto the mix's clock, so that what waits stays at its
///   target (`PlaybackPath`, `CapturePath`). Without a worker the device drops what the playback ring holds beyond 60 ms
///   (or four periods), and what the capture ring has no room for (85 ms).
/// - Reference: ALSA `snd_pcm_readi`/`writei`, non-blocking, `poll`, `snd_pcm_htimestamp`.
/// - Threading: control opens (may block on a sound server) and closes; rings are single producer, single consumer.
///   The thread is SCHED_FIFO when allowed.
/// - Fails with: nothing for missing hardware (a silent device paced by the clock takes its place, and a report says
///   so); `SoundDeviceFault` when no thread can be made.
public final class SoundDevice: Sendable {
    public static let sampleRate = 48_000
    /// Above the media workers: its work is short, and it is the clock of its conversation.
    private static let priority: Int32 = 70
    private static let closeTimeoutMilliseconds: Int32 = 2000

    /// What the microphone hears; the worker is the consumer.
    public let captureRing: SampleRing
    /// What the loudspeaker plays; the worker is the producer.
    public let playbackRing: SampleRing
    /// How the worker keeps step with the device.
    public let pace: DevicePace
    public let periodFrames: Int
    /// The PCM opened first, by its configured name; `none` when silent.
    public let captureName: String
    public let playbackName: String

    private let control: DeviceControl
    private let report: @Sendable (SoundDeviceReport) -> Void

    /// - Parameter report: called by the caller's thread during `init` and `close`, later by the device's thread, and
    ///   only when something has changed; must not block.
    public init(
        _ configuration: SoundDeviceConfiguration, report: @escaping @Sendable (SoundDeviceReport) -> Void
    ) throws(SoundDeviceFault) {
        let (playback, playbackSilence) = Self.open(.playback, configuration)
        let (capture, captureSilence) = Self.open(.capture, configuration)
        periodFrames = configuration.periodFrames
        captureRing = SampleRing.allocate(capacity: 4096)
        playbackRing = SampleRing.allocate(capacity: 8192)
        captureName = capture?.1 ?? PCMName.none
        playbackName = playback?.1 ?? PCMName.none
        self.report = report
        var mixers: [String] = []
        for opened in [playback, capture] {
            guard let mixer = opened.map({ $0.0.mixer($0.1) }), !mixers.contains(mixer) else { continue }
            mixers.append(mixer)
        }
        let mixerFaults = CardMixer.set(configuration.mixer, on: mixers)
        do throws(SoundDeviceFault) {
            pace = try DevicePace.allocate()
        } catch {
            capture?.0.close()
            playback?.0.close()
            captureRing.deallocate()
            playbackRing.deallocate()
            throw error
        }
        do throws(SoundDeviceFault) {
            control = try DeviceControl(
                configuration: configuration, captureRing: captureRing, playbackRing: playbackRing, pace: pace,
                capture: capture, playback: playback, priority: Self.priority, report: report)
        } catch {
            pace.deallocate()
            capture?.0.close()
            playback?.0.close()
            captureRing.deallocate()
            playbackRing.deallocate()
            throw error
        }
        let silences = [playbackSilence, captureSilence].compactMap { $0 }
        if !mixerFaults.isEmpty { report(.mixer(mixerFaults.joined(separator: "; "))) }
        if !silences.isEmpty { report(.silent("sound device: " + silences.joined(separator: ", "))) }
    }

    deinit { close() }

    public var counters: SoundDeviceCounters { control.counters }

    /// Ends the thread and frees the rings; nobody may use them any more. Waits at most two seconds.
    public func close() {
        switch control.stop(timeoutMilliseconds: Self.closeTimeoutMilliseconds) {
        case .ended:
            captureRing.deallocate()
            playbackRing.deallocate()
            pace.deallocate()
        case .endedBefore:
            break
        case .abandoned:
            report(.abandoned)
        }
    }

    private static func open(_ direction: SoundDirection, _ configuration: SoundDeviceConfiguration)
        -> (stream: (PCMStream, String)?, silence: String?)
    {
        let names = direction == .playback ? configuration.playback : configuration.capture
        switch DeviceOpening.openFirst(names, direction, configuration) {
        case .opened(let stream, let name): return ((stream, name), nil)
        case .silent(let reason): return (nil, "\(direction) is silent (\(reason))")
        }
    }
}
