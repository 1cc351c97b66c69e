import AudioGraph
public import CallModel
public import EdgeProtocols
import Rings

internal import Synchronization

/// Listening to what legs say: a tap on a worker, and a job on the thread that empties taps.
extension MediaEngine {
    /// As much at 48 kHz as a recording may lag behind.
    private static let listeningSamples = 67_200

    public func startListening(_ id: ListeningID, to leg: LegID, task: ListeningTask) {
        let tell: @Sendable (ListeningNews) -> Void = { [weak self] news in
            self?.tell(.listened(id, news))
            if news.isLast { self?.stopListening(id) }
        }
        let listener: any TapListener
        switch task {
        case .speech(let setting):
            guard let recogniser else {
                tell(.failed("this engine has no recogniser"))
                return
            }
            listener = SpeechListener(setting, recogniser: recogniser, tell: tell)
        case .machine(let seconds): listener = MachineListener(beepTimeoutSeconds: seconds, tell: tell)
        }
        let ring = SampleRing.allocate(capacity: Self.listeningSamples)
        let job = ListeningJob(ring: ring, listener: listener)
        let refusal = state.withLock { state in startListening(id, to: leg, ring: ring, job: job, &state) }
        if let refusal {
            ring.deallocate()
            self.tell(.listened(id, .failed(refusal)))
        }
    }

    /// - Returns: why not, in words for the Application.
    private func startListening(
        _ id: ListeningID, to leg: LegID, ring: SampleRing, job: ListeningJob, _ state: inout EngineState
    ) -> String? {
        let name = TapName.listening(id)
        guard state.isRunning, state.taps[name] == nil else { return "the media engine does not run" }
        guard state.listeningCount < configuration.maximumListenings else {
            return "limits.listenings is reached: \(configuration.maximumListenings) at once"
        }
        guard let record = state.legs[leg] else { return "the leg has ended" }
        if let change = record.equip() { state.send(change, to: record) }
        let serial = state.makeSerial()
        let block = TapPointer.allocate(capacity: 1)
        unsafe block.initialize(
            to: TapBlock(
                serial: serial, channels: 1, ring: ring, leg: record.block, mix: nil, isOwnVoice: true))
        let tap = unsafe TapRecord(name: name, serial: serial, block: block, job: job, leg: record, mix: nil)
        state.taps[name] = tap
        state.tapsBySerial[serial] = tap
        // Speech is recognised at 16 kHz.
        if let mix = record.mix { state.equip(mix) }
        recordings.add(job)
        state.send(.tap, tap)
        return nil
    }

    public func armListening(_ id: ListeningID) {
        let job = state.withLock { $0.taps[.listening(id)]?.job as? ListeningJob }
        job?.arm()
    }

    public func stopListening(_ id: ListeningID) { endTap(.listening(id)) }

    /// Takes a tap off its worker; its job ends when the worker has let go.
    func endTap(_ name: TapName) {
        state.withLock { state in
            guard let tap = state.taps.removeValue(forKey: name) else { return }
            state.send(.untap, tap)
        }
    }
}

extension ListeningNews {
    /// Nothing follows.
    fileprivate var isLast: Bool {
        switch self {
        // Whoever asked ends a detection: only he knows whether he waits for a beep.
        case .speechBegan, .answeredBy, .beep: false
        case .speech, .failed: true
        }
    }
}
