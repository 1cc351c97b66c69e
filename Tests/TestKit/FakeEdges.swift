public import CallModel
public import Dispatch
public import EdgeProtocols
import MediaTime
import Synchronization

/// A journal of what the runtime asked of its edges, in order, that tests can wait on.
public final class Journal: Sendable {
    private struct State {
        var lines: [String] = []
        var waiters: [(pattern: String, from: Int, CheckedContinuation<Bool, Never>)] = []
    }
    private let state = Mutex(State())

    public init() {}

    public var lines: [String] { state.withLock { $0.lines } }

    public func note(_ line: String) {
        let ready = state.withLock { state in
            state.lines.append(line)
            let ready = state.waiters.filter { line.hasPrefix($0.pattern) }
            state.waiters.removeAll { line.hasPrefix($0.pattern) }
            return ready
        }
        for waiter in ready { waiter.2.resume(returning: true) }
    }

    /// Waits for a line that begins with `prefix`, at most five seconds; false when none came.
    public func wait(for prefix: String) async -> Bool {
        let deadline = Task {
            try await Task.sleep(for: .seconds(5))
            let late = state.withLock { state in
                let late = state.waiters.filter { $0.pattern == prefix }
                state.waiters.removeAll { $0.pattern == prefix }
                return late
            }
            for waiter in late { waiter.2.resume(returning: false) }
        }
        defer { deadline.cancel() }
        return await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.lines.contains(where: { $0.hasPrefix(prefix) }) { return true }
                state.waiters.append((prefix, state.lines.count, continuation))
                return false
            }
            if isThere { continuation.resume(returning: true) }
        }
    }
}

public final class FakeSignalling: Signalling {
    private let journal: Journal
    private let next = Atomic<UInt64>(1000)
    public init(_ journal: Journal) { self.journal = journal }

    public func makeDialog() -> DialogID {
        DialogID(rawValue: next.add(1, ordering: .relaxed).newValue)
    }
    public func ring(_ dialog: DialogID, status: Int, sdp: String?) {
        journal.note("sip ring \(dialog.rawValue) \(status) \(sdp ?? "-")")
    }
    public func answer(_ dialog: DialogID, sdp: String) { journal.note("sip answer \(dialog.rawValue) \(sdp)") }
    public func refuse(_ dialog: DialogID, status: Int, reason: String?, retryAfterSeconds: Int?) {
        journal.note("sip refuse \(dialog.rawValue) \(status)" + (retryAfterSeconds.map { " retry \($0)" } ?? ""))
    }
    public func invite(_ call: OutgoingInvite) {
        journal.note("sip invite \(call.dialog.rawValue) \(call.target) from \(call.fromUser) \(call.offer)")
    }
    public func cancel(_ dialog: DialogID) { journal.note("sip cancel \(dialog.rawValue)") }
    public func hangUp(_ dialog: DialogID) { journal.note("sip bye \(dialog.rawValue)") }
    public func reoffer(_ dialog: DialogID, sdp: String) { journal.note("sip reoffer \(dialog.rawValue)") }
    public func answerReoffer(_ dialog: DialogID, sdp: String) {
        journal.note("sip answer-reoffer \(dialog.rawValue) \(sdp)")
    }
    public func refuseReoffer(_ dialog: DialogID, status: Int) {
        journal.note("sip refuse-reoffer \(dialog.rawValue) \(status)")
    }
}

/// Journals what is asked; what becomes of a websocket is told by the test.
public struct FakeSockets: SocketDialing {
    private let journal: Journal
    public init(_ journal: Journal) { self.journal = journal }
    public func open(_ leg: LegID, _ call: SocketCall, application: ApplicationID, timeoutSeconds: Int) {
        journal.note("socket open \(call.uri) \(call.contentType)")
    }
    public func close(_ leg: LegID) { journal.note("socket close \(leg)") }
    public func tell(_ leg: LegID, digit: Character, durationMilliseconds: Int) {
        journal.note("socket digit \(digit) \(durationMilliseconds)")
    }
}

/// Journals what live sessions would be shown.
public struct FakeClients: ClientTelling {
    private let journal: Journal
    public init(_ journal: Journal) { self.journal = journal }
    public func tell(_ event: EventRow) { journal.note("clients \(event.type)") }
}

public final class FakeMedia: MediaControl {
    private let journal: Journal
    private let ports = Mutex<[LegID: AudioPort]>([:])
    private let deviceGate = Mutex<DispatchSemaphore?>(nil)
    /// Whose sound an edge carries.
    public func port(_ leg: LegID) -> AudioPort? { ports.withLock { $0[leg] } }
    public init(_ journal: Journal) { self.journal = journal }

    public func accept(_ leg: LegID, offer: String, policy: MediaPolicy, signallingAddress: NetworkAddress)
        throws(MediaRefusal) -> String
    {
        if offer == "nothing in common" { throw MediaRefusal(.noCommonCodec, "no common codec") }
        return "answer-to-\(offer)"
    }
    public func offer(_ leg: LegID, policy: MediaPolicy) throws(MediaRefusal) -> String { "our-offer" }
    public func applyAnswer(_ leg: LegID, answer: String, signallingAddress: NetworkAddress?) throws(MediaRefusal) {
        if answer == "garbage" { throw MediaRefusal(.malformedSDP, "line 1") }
    }
    public func renegotiate(_ leg: LegID, offer: String?) throws(MediaRefusal) -> String { "held" }
    public func openDevice(_ leg: LegID, device: DeviceSetting) throws(MediaRefusal) {
        journal.note("media opening")
        deviceGate.withLock { $0 }?.wait()
        journal.note("media device")
    }
    /// Devices take until the semaphore is signalled.
    public func holdDevices(with gate: DispatchSemaphore) { deviceGate.withLock { $0 = gate } }
    public func openPort(_ leg: LegID, _ port: AudioPort) throws(MediaRefusal) {
        journal.note("media port \(port.rate)")
        ports.withLock { $0[leg] = port }
    }
    public func attach(_ leg: LegID, to conversation: ConversationID, audio: MemberAudio) {
        journal.note("media attach \(leg) \(conversation)")
    }
    public func update(_ leg: LegID, audio: MemberAudio) { journal.note("media update \(leg)") }
    public func detach(_ leg: LegID) { journal.note("media detach \(leg)") }
    public func play(_ clip: PCMClip, as id: PlayID, to target: PlayTarget, loop: Int, gainDecibels: Double) {
        journal.note("media play \(id)")
    }
    public func stopPlaying(_ id: PlayID) { journal.note("media stop \(id)") }
    public func startRecording(_ id: RecordingID, of source: RecordingSource, setting: RecordingSetting) {
        journal.note("media record \(id) \(setting.path)")
    }
    public func stopRecording(_ id: RecordingID) { journal.note("media record-stop \(id)") }
    public func startListening(_ id: ListeningID, to leg: LegID, task: ListeningTask) {
        journal.note("media listen \(id) \(leg)")
    }
    public func armListening(_ id: ListeningID) { journal.note("media listen-arm \(id)") }
    public func stopListening(_ id: ListeningID) { journal.note("media listen-stop \(id)") }
    public func tellSpeaking(in conversation: ConversationID, isOn: Bool) {
        journal.note("media speaking \(conversation) \(isOn)")
    }
    public func sendDigits(_ leg: LegID, _ digits: String) { journal.note("media digits \(digits)") }
    public func statistics(_ leg: LegID) -> MediaStatistics { MediaStatistics() }
    public func close(_ leg: LegID) -> MediaStatistics {
        journal.note("media close \(leg)")
        return MediaStatistics()
    }
}

/// Keeps rows in memory and journals `log TYPE`.
public final class FakeLog: EventLog {
    private let journal: Journal
    private let kept = Mutex<[EventRow]>([])
    private let keptLegs = Mutex<[LegRecord]>([])
    private let keptTranscriptions = Mutex<[TranscriptionID: TranscriptionRecord]>([:])
    private let broken = Mutex<String?>(nil)
    public init(_ journal: Journal) { self.journal = journal }

    public var fault: String? { broken.withLock { $0 } }
    public func breakDown(_ reason: String?) { broken.withLock { $0 = reason } }

    public var rows: [EventRow] { kept.withLock { $0 } }
    /// Under way.
    public var transcriptions: [TranscriptionRecord] { keptTranscriptions.withLock { Array($0.values) } }
    public var legs: [LegRecord] { keptLegs.withLock { $0 } }

    public func append(_ batch: LogBatch) {
        kept.withLock { $0 += batch.events }
        keptLegs.withLock { $0 += batch.legs }
        keptTranscriptions.withLock { kept in
            for one in batch.transcriptions { kept[one.id] = one }
            for id in batch.transcribed { kept[id] = nil }
        }
        for row in batch.events { journal.note("log \(row.stream.rawValue) \(row.type)") }
    }
    public func appendDurably(_ batch: LogBatch) async throws -> [EventRow] {
        append(batch)
        return batch.events
    }
    public func flush() async throws {}
}

public struct FakePrompts: PromptLoading {
    public init() {}
    public func load(_ source: PromptSource) async throws(PromptFault) -> PCMClip {
        if case .url(let url) = source, url.hasSuffix("404") { throw PromptFault("stream: HTTP 404") }
        return PCMClip(sampleRate: 8000, samples: [0])
    }
}

/// Says at once that it has written a file.
public struct FakeTranscriber: Transcribing {
    private let journal: Journal
    public init(_ journal: Journal) { self.journal = journal }
    public func transcribe(_ order: TranscriptionOrder, done: @escaping @Sendable (TranscriptionResult) -> Void) {
        journal.note("transcribe \(order.recording) \(order.language)")
        done(TranscriptionResult(byteCount: 1))
    }
}
