import VoiceCodecs
import AudioGraph
import CLinux
import MediaTime

/// A leg as a member of a mix: what it says and what it is told, at its own rate.
extension LegBlock {
    /// Fills `said` with the next `count` samples.
    /// - Returns: false when they are silence.
    @_noLocks mutating func say(_ count: Int, _ scratch: borrowing Scratch) -> Bool {
        if let device {
            let isVoiced = unsafe device.pull(count, into: said)
            if let voice { unsafe voice.captured(said, count: count) }
            return tellFirst(isVoiced, scratch)
        }
        if let port { return tellFirst(unsafe port.pull(count, into: said), scratch) }
        guard let settings, settings.receives else {
            unsafe SampleMath.clear(said, count: count)
            return false
        }
        let isVoiced = unsafe input.pull(count, into: said, equipment: equipment)
        if settings.hearsKeys, let key = unsafe ear.hear(said, count: count) {
            scratch.sink.report(.digit, serial: serial, Int64(key.digit), Int64(key.milliseconds))
        }
        return isVoiced
    }

    /// Others hear what was said in this step, or not; it begins and ends without a step.
    @_noLocks mutating func isHeard(_ count: Int, _ isVoiced: Bool) {
        saidCount = count
        speaks = isVoiced && (rights.speaks || fadesOut)
        if speaks {
            let length = min(count, rate / 200)
            if fadesOut {
                unsafe SampleMath.fadeOut(said, count: count, within: length)
            } else if fadesIn {
                fadesIn = false
                unsafe SampleMath.fadeIn(said, count: length)
            }
        }
        fadesOut = false
        if !rights.speaks { fadesIn = true }
    }

    /// Reports when it begins or ends to speak so that others hear it.
    @_noLocks mutating func tellSpeech(_ count: Int, _ sink: borrowing ReportSink) {
        let samples: UnsafePointer<Int16>? = unsafe speaks ? UnsafePointer(said) : nil
        if unsafe !speech.hear(samples, count: count, rate: rate) { return }
        sink.report(.speaking, serial: serial, speech.isOn ? 1 : 0, 0)
    }

    /// Reports the first sound of a leg that has no packets.
    @_noLocks private mutating func tellFirst(_ isVoiced: Bool, _ scratch: borrowing Scratch) -> Bool {
        if isVoiced && !hasHeard {
            hasHeard = true
            scratch.sink.report(.firstAudio, serial: serial, Int64(bitPattern: swh_monotonic_ns()), 0)
        }
        return isVoiced
    }

    /// Sends `count` samples of what it hears.
    @_noLocks mutating func hearAndSend(
        _ heard: UnsafeMutablePointer<Int16>, _ count: Int, _ scratch: borrowing Scratch, at now: UInt64
    ) {
        if let device {
            if let voice { unsafe voice.played(heard, count: count) }
            return unsafe device.push(heard, count: count)
        }
        if let port { return unsafe port.push(heard, count: count) }
        guard let settings, settings.sends else {
            // On hold nothing is sent, and the timestamp goes on.
            catchUpHeld(count)
            return
        }
        if !output.tones.isIdle {
            unsafe output.tones.render(into: heard, count: count, rate: settings.codec.sampleRate)
        }
        unsafe sendSamples(heard, count, scratch, at: now)
    }

    @_noLocks private mutating func catchUpHeld(_ count: Int) {
        guard let settings else { return }
        output.forget()
        output.isFresh = true
        output.timestamp &+= UInt32(truncatingIfNeeded: settings.codec.ticks(ofSamples: count))
    }
}
