import CallModel
import Synchronization
import VoiceEnhancement

/// Voice processing of one sound device, between its rings and the mix.
///
/// - Memory: made and freed by control; copies are handles of one block.
/// - Threading: `captured` and `played` by one media worker, which allocate nothing and take no lock; `tell` by control.
@safe struct VoiceLink {
    private struct Block: ~Copyable {
        var processing: VoiceProcessing
        /// The device's delay from what it is given to what it hears; negative: not known yet.
        let echoDelay = Atomic<Int>(-1)
    }

    private let block: UnsafeMutablePointer<Block>

    /// Control only; nil when every part is off, and for an echo device: no room lies between what it plays and hears.
    init?(_ device: DeviceSetting) {
        guard !device.isEcho else { return nil }
        let settings = VoiceSettings(
            cancelsEcho: device.cancelsEcho, suppressesNoise: device.suppressesNoise,
            controlsGain: device.controlsGain)
        guard !settings.isOff, let made = VoiceProcessing(rate: 48_000, settings: settings) else { return nil }
        unsafe block = .allocate(capacity: 1)
        unsafe block.initialize(to: Block(processing: made))
    }

    /// Control only.
    func deallocate() {
        unsafe block.pointee.processing.deallocate()
        unsafe block.deinitialize(count: 1)
        unsafe block.deallocate()
    }

    /// Control's measure of the way through both rings and the card, samples at 48 kHz.
    func tell(echoDelay samples: Int) { unsafe block.pointee.echoDelay.store(samples, ordering: .relaxed) }

    /// What the microphone heard in a step becomes what is said in it.
    @_noLocks func captured(_ samples: UnsafeMutablePointer<Int16>, count: Int) {
        let delay = unsafe block.pointee.echoDelay.load(ordering: .relaxed)
        if delay >= 0 { unsafe block.pointee.processing.expectEcho(after: delay) }
        unsafe block.pointee.processing.captured(samples, count: count)
    }

    /// What the loudspeaker is given in a step.
    @_noLocks func played(_ samples: UnsafePointer<Int16>, count: Int) {
        unsafe block.pointee.processing.played(samples, count: count)
    }
}
