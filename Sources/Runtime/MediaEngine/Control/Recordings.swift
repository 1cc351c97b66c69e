public import CallModel
public import EdgeProtocols
import Rings

internal import Synchronization

/// Recordings: a tap on a worker, and a job on the thread that writes files.
extension MediaEngine {
    /// Sound that a ring holds at 48 kHz while the disk makes its thread wait, seconds; six times that at 8 kHz.
    private static let ringSeconds = 1.4

    /// Voices at 48 kHz that a ring has room for.
    private static func voices(_ source: RecordingSource, _ channels: Int) -> Int {
        if case .conversation = source { return 6 }
        return max(2, channels)
    }

    public func startRecording(_ id: RecordingID, of source: RecordingSource, setting: RecordingSetting) {
        let channels = min(max(1, setting.channels), TapBlock.mostChannels)
        let ring = SampleRing.allocate(capacity: Int(Self.ringSeconds * 48_000) * Self.voices(source, channels))
        let job = RecordingJob(
            id: id, ring: ring, channels: channels, setting: setting,
            maximumBytes: configuration.recordingFileBytes, tell: { [weak self] news in self?.tell(news) },
            giveUp: { [weak self] id in self?.stopRecording(id) })
        let refusal = state.withLock { state in
            startRecording(id, of: source, channels: channels, ring: ring, job: job, &state)
        }
        if let refusal {
            ring.deallocate()
            tell(.recordingEnded(id, RecordingResult(byteCount: 0, milliseconds: 0, failure: refusal)))
        }
    }

    /// - Returns: why not, in words for the Application.
    private func startRecording(
        _ id: RecordingID, of source: RecordingSource, channels: Int, ring: SampleRing, job: RecordingJob,
        _ state: inout EngineState
    ) -> String? {
        guard state.isRunning, state.taps[.recording(id)] == nil else { return "the media engine does not run" }
        guard state.recordingCount < configuration.maximumRecordings else {
            return "limits.recordings is reached: \(configuration.maximumRecordings) at once"
        }
        var leg: LegRecord?
        var mix: MixRecord?
        switch source {
        case .leg(let name):
            guard let record = state.legs[name] else { return "the leg has ended" }
            leg = record
            if let change = record.equip() { state.send(change, to: record) }
        case .conversation(let name):
            mix = state.mix(of: name, near: nil)
        }
        let serial = state.makeSerial()
        let block = TapPointer.allocate(capacity: 1)
        unsafe block.initialize(
            to: TapBlock(
                serial: serial, channels: channels, ring: ring, leg: leg?.block, mix: mix?.block,
                isOwnVoice: false))
        let tap = unsafe TapRecord(
            name: .recording(id), serial: serial, block: block, job: job, leg: leg, mix: mix)
        state.taps[.recording(id)] = tap
        state.tapsBySerial[serial] = tap
        mix?.taps += 1
        if let mix = mix ?? leg?.mix { state.equip(mix) }
        recordings.add(job)
        state.send(.tap, tap)
        return nil
    }

    public func stopRecording(_ id: RecordingID) { endTap(.recording(id)) }
}

/// What control knows of a tap. Guarded as `LegRecord`.
@safe final class TapRecord: @unchecked Sendable {
    // Unchecked: guarded by the engine's mutex.
    let name: TapName
    let serial: UInt64
    let block: TapPointer
    let job: any TapJob
    let leg: LegRecord?
    let mix: MixRecord?

    init(name: TapName, serial: UInt64, block: TapPointer, job: any TapJob, leg: LegRecord?, mix: MixRecord?) {
        self.name = name
        self.serial = serial
        unsafe self.block = block
        self.job = job
        self.leg = leg
        self.mix = mix
    }
}

extension EngineState {
    func send(_ command: WorkerCommand, _ tap: TapRecord) {
        let pointer = unsafe UnsafeMutableRawPointer(tap.block)
        if let leg = tap.leg {
            unsafe send(command, to: leg, pointer)
        } else if let mix = tap.mix {
            unsafe workers[mix.worker].send(command, pointer)
        }
    }

    var recordingCount: Int { tapsBySerial.values.count { $0.job is RecordingJob } }
    var listeningCount: Int { tapsBySerial.values.count { $0.job is ListeningJob } }

    /// Forgets a tap that no worker has any more: its job writes the rest and ends.
    mutating func forget(_ tap: TapRecord) {
        guard tapsBySerial.removeValue(forKey: tap.serial) != nil else { return }
        if taps[tap.name] === tap { taps[tap.name] = nil }
        unsafe tap.block.pointee.deallocate()
        unsafe tap.block.deallocate()
        tap.job.endOfSound()
        guard let mix = tap.mix else { return }
        mix.taps -= 1
        closeIfUnused(mix)
    }
}
