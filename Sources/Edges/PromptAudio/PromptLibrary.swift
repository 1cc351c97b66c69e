public import EdgeProtocols
public import Logging
public import MediaTime
import Synchronization

/// Turns prompts into PCM: speech, sound files from the web and from disk, tones.
///
/// - Units: mono clips at 8, 16 or 48 kHz.
/// - Threading: any task. Speech and decoding run on one thread each; the pool never blocks. Callers who ask for the
///   same prompt at the same time share one load.
/// - Bounds: `Limits`; what is decoded is kept under a byte bound, least recently used out first.
/// - Fails with: `PromptFault` whose reason may be shown to the Application.
public final class PromptLibrary: PromptLoading {
    public struct Limits: Sendable {
        /// Decoded prompts kept, bytes.
        public var cacheBytes = 64 << 20
        /// Longest clip, seconds.
        public var clipSeconds = 600
        /// Longest sound file, bytes.
        public var fileBytes = 32 << 20
        /// Prompts being made at the same time, and waiting for a thread.
        public var loadsAtOnce = 64
        /// How long a response without Cache-Control is used again, seconds.
        public var unspecifiedFreshnessSeconds = 60
        public init() {}
    }

    public typealias Fetch = @Sendable (_ url: String) async throws(PromptFault) -> FetchedAudio
    private typealias Load = Task<Result<PCMClip, PromptFault>, Never>

    private struct State {
        var cache: ClipCache
        var loads: [PromptSource: Load] = [:]
        var hits = 0
        var misses = 0
    }

    private let folder: String
    private let limits: Limits
    private let time: any TimeSource
    private let fetch: Fetch
    private let speech: SpeechEngine
    private let voice: SpeechCommand?
    private let log: Logger
    private let files: EngineThread
    private let state: Mutex<State>

    /// - Parameters:
    ///   - folder: where relative `.file` prompts lie.
    ///   - defaultLanguage: speaks when a language has no voice, BCP-47.
    ///   - synthesizer: program and arguments of a voice of the owner's choice; nil: the embedded one.
    ///   - synthesizerPatience: it is killed when it is not done by then.
    ///   - fetch: gets a URL under the box's outbound policy, with time and size limits.
    public init(
        folder: String, defaultLanguage: String = "en-US", synthesizer: [String]? = nil,
        synthesizerPatience: Duration = .seconds(20), limits: Limits = Limits(),
        time: any TimeSource = SystemTimeSource(), log: Logger, fetch: @escaping Fetch
    ) {
        self.folder = folder
        self.limits = limits
        self.time = time
        self.fetch = fetch
        speech = SpeechEngine(
            defaultLanguage: defaultLanguage, maximumSeconds: limits.clipSeconds, log: log)
        voice = synthesizer.map {
            SpeechCommand($0, maximumSeconds: limits.clipSeconds, patience: synthesizerPatience)
        }
        self.log = log
        files = EngineThread(name: "prompts", queueLimit: limits.loadsAtOnce)
        state = Mutex(State(cache: ClipCache(byteLimit: limits.cacheBytes)))
    }

    /// What the cache has done so far.
    public var statistics: PromptStatistics {
        state.withLock { state in
            PromptStatistics(
                clips: state.cache.count, bytes: state.cache.byteCount, hits: state.hits, misses: state.misses,
                evictions: state.cache.evictions)
        }
    }

    public func load(_ source: PromptSource) async throws(PromptFault) -> PCMClip {
        if case .tone(let kind) = source { return Tones.clip(kind) }
        let now = time.now
        let (clip, load) = state.withLock { state -> (PCMClip?, Load?) in
            // Whether a file has changed is asked on the thread that reads it.
            if !source.isFile, let clip = state.cache.freshClip(for: source, at: now) {
                state.hits += 1
                return (clip, nil)
            }
            if let load = state.loads[source] { return (nil, load) }
            guard state.loads.count < limits.loadsAtOnce else { return (nil, nil) }
            let load = Load { await self.finish(source) }
            state.loads[source] = load
            return (nil, load)
        }
        if let clip { return clip }
        guard let load else { throw PromptFault("more than \(limits.loadsAtOnce) prompts are being loaded") }
        return try await load.value.get()
    }

    /// Playback gain of an action's `level`: −1 is −20 dB, 0 is 0 dB, 1 is +6 dB, straight lines between.
    ///
    /// A full scale prompt would clip above +6 dB; below −20 dB speech drowns in the noise of a phone line.
    public static func gainDecibels(forLevel level: Double) -> Double {
        guard level.isFinite else { return 0 }
        let level = min(1, max(-1, level))
        return level < 0 ? level * 20 : level * 6
    }

    private func finish(_ source: PromptSource) async -> Result<PCMClip, PromptFault> {
        let result: Result<PCMClip, PromptFault>
        do throws(PromptFault) {
            result = .success(try await make(source))
        } catch {
            result = .failure(error)
        }
        state.withLock { _ = $0.loads.removeValue(forKey: source) }
        return result
    }

    private func make(_ source: PromptSource) async throws(PromptFault) -> PCMClip {
        switch source {
        case .tone(let kind):
            return Tones.clip(kind)
        case .speech(let text, let language, let style):
            let clip = try await speak(text, language: language, style: style)
            keep(ClipCache.Entry(clip: clip), for: source)
            return clip
        case .url(let url):
            return try await download(url)
        case .file(let path):
            return try await files.run { [self] () throws(PromptFault) in try read(path) }
        }
    }

    /// A call with the embedded voice is better than one without a word, so that one steps in for a command that fails.
    private func speak(_ text: String, language: String, style: Int) async throws(PromptFault) -> PCMClip {
        if let voice {
            try SpeechEngine.check(text)
            do throws(PromptFault) {
                return try await voice.speak(text, language: language, style: style)
            } catch {
                log.warning("the embedded voice speaks instead", metadata: ["reason": "\(error.reason)"])
            }
        }
        return try await speech.speak(text, language: language, style: style)
    }

    private func download(_ url: String) async throws(PromptFault) -> PCMClip {
        let source = PromptSource.url(url)
        let audio = try await fetch(url)
        guard audio.bytes.count <= limits.fileBytes else {
            throw PromptFault("\(url): larger than \(limits.fileBytes) bytes")
        }
        let stale = state.withLock { $0.cache.entry(for: source) }
        let clip: PCMClip
        if let etag = audio.etag, let stale, stale.stamp == etag {
            clip = stale.clip
        } else {
            clip = try await files.run { [limits] () throws(PromptFault) in
                try Self.decode(audio.bytes, of: url, limits)
            }
        }
        let seconds: Int
        switch audio.freshness {
        case .unspecified: seconds = limits.unspecifiedFreshnessSeconds
        case .seconds(let given): seconds = min(given, 365 * 86_400)
        case .never:
            state.withLock { $0.cache.remove(source) }
            return clip
        }
        keep(ClipCache.Entry(clip: clip, expires: time.now + .seconds(seconds), stamp: audio.etag), for: source)
        return clip
    }

    /// On the thread of files.
    private func read(_ path: String) throws(PromptFault) -> PCMClip {
        let source = PromptSource.file(path)
        let file = try PromptFile(path, in: folder)
        let stamp = try file.stamp()
        if let entry = state.withLock({ $0.cache.entry(for: source) }), entry.stamp == stamp {
            state.withLock { $0.hits += 1 }
            return entry.clip
        }
        let clip = try Self.decode(try file.read(limitBytes: limits.fileBytes), of: file.path, limits)
        keep(ClipCache.Entry(clip: clip, stamp: stamp), for: source)
        return clip
    }

    private func keep(_ entry: ClipCache.Entry, for source: PromptSource) {
        state.withLock { state in
            state.misses += 1
            state.cache.insert(entry, for: source)
        }
    }

    private static func decode(_ bytes: [UInt8], of name: String, _ limits: Limits) throws(PromptFault) -> PCMClip {
        do throws(PromptFault) {
            return try SoundFile.decode(bytes, maximumSeconds: limits.clipSeconds)
        } catch {
            throw PromptFault("\(name): \(error.reason)")
        }
    }
}

/// Counters of a `PromptLibrary`.
public struct PromptStatistics: Hashable, Sendable {
    /// Clips kept now.
    public var clips: Int
    /// Their bytes.
    public var bytes: Int
    public var hits: Int
    public var misses: Int
    public var evictions: Int
}

extension PromptSource {
    fileprivate var isFile: Bool {
        if case .file = self { true } else { false }
    }
}
