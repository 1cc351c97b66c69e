public import EdgeProtocols
import Foundation
public import Logging
import MediaTime
import PromptAudio
import SDP
import SIPStack
import SpeechRecognition

/// Why a call could not even be tried.
public struct TestCallFault: Error, Sendable, CustomStringConvertible {
    public var reason: String
    public var description: String { reason }
}

/// One call of a small telephone: places it, speaks a file and digits, keeps what it hears.
///
/// - Threading: any; `run` is cancelled by cancelling its task, which hangs up first.
public struct TestCall: Sendable {
    /// Longest clip that is read, seconds.
    private static let clipSeconds = 3600

    /// `sip:` URI, or a number or user at `registrar`.
    public var target: String
    /// Where a target that is no URI is called.
    public var registrar = NetworkAddress(host: "127.0.0.1", port: 5060)
    public var from = "441632960000"
    public var transport = SIPTransport.udp
    /// In order of preference: `opus`, `g722`, `pcmu`, `pcma`, `l16/8000`, `l16/16000`.
    public var codecs = ["pcmu", "pcma"]
    /// WAV, MP3 or OGG file that is spoken once answered.
    public var play: String?
    /// Spoken instead of a file.
    public var clip: PCMClip?
    /// WAV file that gets what is heard.
    public var record: String?
    /// Keys pressed after `play`; `p` is a pause of half a second.
    public var digits = ""
    /// From the answer until we hang up; nil: until the other side does.
    public var duration: Duration?
    /// What the caller does and expects; instead of `play`, `digits` and `duration`.
    public var script: CallScript?
    /// Where the script's relative sound files lie.
    public var scriptFolder = "."
    /// Folder of the recogniser's model, for a script that expects words.
    public var recogniserModel = "/usr/share/pocketsphinx/model/en-us"
    /// How long it may ring.
    public var patience: Duration = .seconds(60)

    public init(target: String) { self.target = target }

    /// Places the call and waits for its end.
    ///
    /// - Parameter onStep: gets each line of the ladder as it happens, on any thread.
    /// - Throws: what keeps the call from being tried at all; a refused call is a report.
    public func run(
        logger: Logger, onStep: @escaping @Sendable (TestCallStep) -> Void = { _ in },
        onScriptStep: @escaping @Sendable (ScriptStepReport) -> Void = { _ in }
    ) async throws(TestCallFault) -> TestCallReport {
        let (report, heard) = try await runHearing(logger: logger, onStep: onStep, onScriptStep: onScriptStep)
        if let record { try write(heard.clip, to: record) }
        return report
    }

    /// The same, and what was heard when.
    public func runHearing(
        logger: Logger, onStep: @escaping @Sendable (TestCallStep) -> Void = { _ in },
        onScriptStep: @escaping @Sendable (ScriptStepReport) -> Void = { _ in }
    ) async throws(TestCallFault) -> (TestCallReport, HeardSound) {
        let uri = target.contains(":") ? target : "sip:\(target)@\(registrar)" + transportParameter
        guard let peer = SIPTarget(uri: uri) else {
            throw TestCallFault(reason: "\(target) is no number and no sip: URI")
        }
        guard peer.transport != .tls else { throw TestCallFault(reason: "calls over TLS are not supported") }
        guard let host = ResolvedAddress(resolving: peer.address, isStream: false)?.sourceHost() else {
            throw TestCallFault(reason: "no way to \(peer.address.host)")
        }
        let wanted = codecs.compactMap { VoiceCodec(rawValue: $0.lowercased()) }
        guard wanted.count == codecs.count, !wanted.isEmpty, !wanted.contains(.l16Full) else {
            throw TestCallFault(reason: "codecs are opus, g722, pcmu, pcma, l16/8000 and l16/16000")
        }
        var clips: [Int: PCMClip] = [:]
        var spotter: WordSpotter?
        if let script {
            spotter = try ScriptedCaller.spotter(for: script, model: recogniserModel, logger: logger)
            clips = try await ScriptedCaller.clips(of: script, folder: scriptFolder, logger: logger)
        }
        let session: PhoneSession
        do {
            let media = try PhoneMedia(host: host, clip: try readClip(), digits: digits)
            session = PhoneSession(
                media: media, offer: try media.offer(codecs: wanted), host: host, logger: logger,
                caller: script.map {
                    ScriptedCaller($0, clips: clips, spotter: spotter, media: media, onStep: onScriptStep)
                },
                onStep: onStep)
        } catch let fault as PhoneMedia.Fault {
            throw TestCallFault(reason: fault.reason)
        } catch let refusal as OfferRefusal {
            throw TestCallFault(reason: refusal.detail)
        } catch let fault as TestCallFault {
            throw fault
        } catch {
            throw TestCallFault(reason: "\(error)")
        }
        return try await session.call(uri, from: from, duration: duration, patience: patience)
    }

    private var transportParameter: String { transport == .udp ? "" : ";transport=\(transport.rawValue)" }

    private func readClip() throws(TestCallFault) -> PCMClip? {
        guard let play else { return clip }
        guard let bytes = FileManager.default.contents(atPath: play) else {
            throw TestCallFault(reason: "\(play) cannot be read")
        }
        do {
            return try SoundFile.decode(Array(bytes), maximumSeconds: Self.clipSeconds)
        } catch {
            throw TestCallFault(reason: "\(play): \(error.reason)")
        }
    }

    private func write(_ clip: PCMClip, to path: String) throws(TestCallFault) {
        do {
            // A file is made even of silence, so that who reads it finds one.
            let heard = clip.samples.isEmpty ? PCMClip(sampleRate: clip.sampleRate, samples: [0]) : clip
            try Data(try SoundFile.encode(heard, as: .wav)).write(to: URL(fileURLWithPath: path))
        } catch {
            throw TestCallFault(reason: "\(path) cannot be written: \(error)")
        }
    }
}
